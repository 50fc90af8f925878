"""Settings of a search for better settings."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field

from components.settings._concern import Concern
from components.settings._training import Optimizer, Schedule

Range = tuple[float, float]


class Measure(StrEnum):
    """By what trials are compared, always on validation patients."""

    LOSS = "loss"
    AUC = "auc"


def _rising(ends: Range) -> Range:
    if ends[0] > ends[1]:
        raise ValueError("a range has its lower end first")
    return ends


def _positive(ends: Range) -> Range:
    if ends[0] <= 0:
        raise ValueError("a logarithmic range begins above 0")
    return ends


def _share(ends: Range) -> Range:
    if ends[0] < 0 or ends[1] >= 1:
        raise ValueError("a share is at least 0 and below 1")
    return ends


Logarithmic = Annotated[Range, AfterValidator(_rising), AfterValidator(_positive)]
Share = Annotated[Range, AfterValidator(_rising), AfterValidator(_share)]


class TuneSettings(Concern):
    """The space that `radloop tune` searches, and how; one value in a list, or a range of equal ends, is kept fixed."""

    trials: int = Field(16, ge=2, description="trainings to try, the first with the settings as they are")
    concurrent: int = Field(
        1,
        ge=1,
        description="trials at a time; with several the search is sooner done, but which of them are stopped early "
        "depends on the clock",
    )
    measure: Measure = Field(
        Measure.LOSS, description="loss: lowest loss on the validation patients; auc: highest mean AUC on them"
    )
    grace: int = Field(2, ge=1, description="epochs after which a trial may be stopped for being worse than others")
    reduction: float = Field(
        3, gt=1, description="at each rung (grace, and this many times the last) one of so many trials goes on"
    )
    learning_rate: Logarithmic = Field((1e-4, 1e-2), description="range of training.learning_rate, log-uniform")
    dropout: Share = Field((0.2, 0.8), description="range of model.dropout, uniform")
    batch_size: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (16, 32, 64, 88), min_length=1, description="values of training.batch_size"
    )
    optimizer: tuple[Optimizer, ...] = Field(tuple(Optimizer), min_length=1, description="values of training.optimizer")
    schedule: tuple[Schedule, ...] = Field(tuple(Schedule), min_length=1, description="values of training.schedule")

"""What a search tries: values of a few settings, drawn from a typed space."""

import math
from dataclasses import asdict, dataclass

import numpy as np

from components.models import ModelConfig
from components.settings import Optimizer, Schedule, TrainingSettings, TuneSettings

_DIGITS = 2  # as people write values down


@dataclass(frozen=True, kw_only=True)
class Values:
    """What one trial sets; the names are those of the settings."""

    learning_rate: float
    dropout: float
    batch_size: int
    optimizer: Optimizer
    schedule: Schedule

    @classmethod
    def of(cls, model: ModelConfig, settings: TrainingSettings) -> "Values":
        """The settings as they are."""
        return cls(
            learning_rate=settings.learning_rate,
            dropout=model.dropout,
            batch_size=settings.batch_size,
            optimizer=settings.optimizer,
            schedule=settings.schedule,
        )

    def set_in(self, model: ModelConfig, settings: TrainingSettings) -> tuple[ModelConfig, TrainingSettings]:
        """Model and settings with these values."""
        of_training = asdict(self)
        dropout = of_training.pop("dropout")
        return model.model_copy(update={"dropout": dropout}), settings.model_copy(update=of_training)


def draw(space: TuneSettings, present: Values, seed: int) -> tuple[Values, ...]:
    """The trials' values, the first the present ones; the same seed gives the same, of more trials the same first."""
    draws = np.random.default_rng(seed)
    return (present, *(_drawn(space, draws) for _ in range(space.trials - 1)))


def _drawn(space: TuneSettings, draws: np.random.Generator) -> Values:
    return Values(
        learning_rate=_rounded(math.exp(draws.uniform(*np.log(space.learning_rate))), space.learning_rate),
        dropout=_rounded(draws.uniform(*space.dropout), space.dropout),
        batch_size=space.batch_size[draws.integers(len(space.batch_size))],
        optimizer=space.optimizer[draws.integers(len(space.optimizer))],
        schedule=space.schedule[draws.integers(len(space.schedule))],
    )


def _rounded(value: float, ends: tuple[float, float]) -> float:
    """The value with few digits, inside its range."""
    return min(max(float(f"{value:.{_DIGITS}g}"), ends[0]), ends[1])

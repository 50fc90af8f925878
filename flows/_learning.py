"""Ways to a local model that a data-efficiency study compares: from what each starts, and how it learns."""

import logging
import math
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import torch

from components.catalog import Side
from components.datasets import Snapshot, sample
from components.evaluation import EfficiencyRepeats, predict
from components.models import ModelConfig, StudyNet, load_model, save_model, start_from_generic
from components.settings import ModelSettings, Strategy, TrainingSettings
from components.training import adapt

_FEWEST_STEPS = 100  # a network trained from so few images as to make two steps an epoch needs many epochs


@dataclass(frozen=True, kw_only=True)
class Way:
    """From the base model or from generic weights, by new heads or by fine-tuning."""

    title: str
    generic: bool
    strategy: Strategy


WAYS = (
    Way(title="base model, new linear heads", generic=False, strategy=Strategy.LINEAR),
    Way(title="base model, new non-linear heads", generic=False, strategy=Strategy.NONLINEAR),
    Way(title="base model, fine-tuned", generic=False, strategy=Strategy.FINETUNE),
    Way(title="generic weights, fine-tuned", generic=True, strategy=Strategy.FINETUNE),
)


@dataclass(frozen=True, kw_only=True)
class Study:
    """A data-efficiency study: from which snapshot's training side models learn, and which of its sides judges them.

    base, generic: folders of the models that ways start from. model, training: how they go on to learn. folder: where
    samples and models lie while they are needed. seed: of the first repeat; the others count on.
    """

    snapshot: Snapshot
    judged: Side
    base: Path
    generic: Path
    model: ModelConfig
    training: TrainingSettings
    folder: Path
    seed: int


def generic_model(base: Path, settings: ModelSettings, folder: Path, *, seed: int) -> Path:
    """A model of the base's make that has seen no radiograph: with the weights of model.weights_dir, or random ones."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = StudyNet(load_model(base).config.model_copy(update={"duo": False}))
    if settings.weights_dir is not None:
        start_from_generic(model, settings.weights_dir)
    save_model(model, folder)
    return folder


def learned_from(study: Study, way: Way, *, images: int, repeats: int) -> EfficiencyRepeats:
    """What the way's models say of the judged studies, each having learned from images of its own.

    Args:
        images: how many each learns from; a fifth of them serves as its validation side.
        repeats: how many models. All ways learn from the same images in the same repeat.
    """
    scores = tuple(_learned(study, way, images=images, seed=study.seed + repeat) for repeat in range(repeats))
    return EfficiencyRepeats(strategy=way.title, images=images, scores=scores)


def _learned(study: Study, way: Way, *, images: int, seed: int) -> pd.DataFrame:
    with tempfile.TemporaryDirectory(dir=study.folder) as place, _expecting_gaps():
        few = sample(study.snapshot, Path(place) / "snapshot", images=images, seed=seed)
        result = adapt(
            few.folder,
            base=study.generic if way.generic else study.base,
            model=study.model,
            settings=_whole(study.training, way, images),
            folder=Path(place) / "training",
            run_name="efficiency",
            seed=seed,
        )
        return predict(load_model(result.model_dir), study.snapshot, study.judged)


@contextmanager
def _expecting_gaps() -> Iterator[None]:
    """So few images lack some finding or other: that is no news here."""
    log = logging.getLogger("components.training")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


def _whole(settings: TrainingSettings, way: Way, images: int) -> TrainingSettings:
    """The settings for so few images: this way alone, its schedule run to the end, in no fewer than 100 steps."""
    steps = math.ceil(images / settings.batch_size)
    epochs = max(settings.epochs, math.ceil(_FEWEST_STEPS / steps))
    return settings.model_copy(update={"strategies": (way.strategy,), "epochs": epochs, "patience": epochs})

"""What is refused before any time is spent on a training."""

import logging
import re
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ModelError, StorageError, TrainingError
from components.findings import FINDINGS
from components.models import ModelConfig, load_model
from components.settings import Objective, TrainingSettings
from components.training._data import UNSURE, abnormality

_log = logging.getLogger(__name__)

_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CLAIM = "training.json"
_FEWEST = 2  # batch normalisation has no variance of one picture


def check_snapshot(folder: Path) -> str:
    """The snapshot's hash, once it is proved whole and has something to learn from."""
    snapshot = Snapshot.open(folder)
    for side in (Side.TRAIN, Side.VALIDATION):
        if snapshot.rows(side).empty:
            raise TrainingError(f"The snapshot has no frontal image on the {side.value} side: ingest more patients.")
    positives = _positives(snapshot)
    if not any(positives.values()):
        raise TrainingError("No finding has a positive among the snapshot's training images: nothing can be learned.")
    missing = [name for name, number in positives.items() if not number]
    if missing:
        _log.warning(
            "No positive to learn from for %s: what a base model says of them stays, a new one's word means nothing.",
            ", ".join(missing),
        )
    return snapshot.hash


def _positives(snapshot: Snapshot) -> dict[str, int]:
    """Finding → training images on which it counts as present, surely or softly."""
    rows = snapshot.rows(Side.TRAIN)
    return {
        finding.value: int((rows[f"target_{finding.value}"] * rows[f"weight_{finding.value}"] > 0).sum())
        for finding in FINDINGS
    }


def check_sizes(folder: Path, model: ModelConfig, settings: TrainingSettings) -> ModelConfig:
    """The model that can be trained on a checked snapshot: without a DuoNet where too few studies have a lateral image.

    Raises:
        TrainingError: each worker has less than a batch normalisation needs, or nothing to compare.
    """
    snapshot = Snapshot.open(folder)
    workers = max(1, settings.workers)
    training, validation = (snapshot.cases(side) for side in (Side.TRAIN, Side.VALIDATION))
    if settings.objective == Objective.CONTRAST:
        training, validation = (cases[abnormality(cases) != UNSURE] for cases in (training, validation))
        if len(np.unique(abnormality(training))) < _FEWEST:
            raise TrainingError("The contrastive objective needs normal and abnormal training images: ingest both.")
    if len(training) < _FEWEST * workers or len(validation) < workers:
        raise TrainingError(
            f"{len(training)} training and {len(validation)} validation images are too few for {workers} workers, each"
            " of which needs 2 and 1: ingest more patients, or set training.workers lower."
        )
    return _with_or_without_duo(model, training, validation, settings)


def _with_or_without_duo(
    model: ModelConfig, training: pd.DataFrame, validation: pd.DataFrame, settings: TrainingSettings
) -> ModelConfig:
    if not model.duo or settings.objective == Objective.CONTRAST:
        return model
    pairs, judged = (int((cases["lateral"] >= 0).sum()) for cases in (training, validation))
    if pairs >= max(settings.min_pairs, _FEWEST * settings.workers) and judged >= max(1, settings.workers):
        return model
    _log.warning(
        "No DuoNet is trained: %d training and %d validation images have a lateral, and training.min_pairs is %d.",
        *(pairs, judged, settings.min_pairs),
    )
    return model.model_copy(update={"duo": False})


def check_base(base: Path | None, model: ModelConfig) -> Path | None:
    """The base model's absolute folder, once its weights are proved to fit."""
    if base is None:
        return None
    config = load_model(base).config
    if not model.starts_from(config):
        raise ModelError(
            f"The base model is {' + '.join(config.members)}, but {' + '.join(model.members)} is to be trained:"
            " set model.members alike."
        )
    return base.resolve()


def check_run(settings: TrainingSettings, run_name: str) -> None:
    """Refuses what this machine cannot do."""
    if not _RUN_NAME.fullmatch(run_name):
        raise TrainingError("The run's name must be of letters, digits, dots, dashes and underscores.")
    if settings.workers == 0 and settings.use_gpu and not torch.cuda.is_available():
        raise TrainingError("This machine has no GPU that torch can use: set training.use_gpu to false.")


def claim(folder: Path, fingerprint: str) -> None:
    """Makes the folder this training's own; one folder never mixes two trainings.

    Raises:
        TrainingError: it belongs to a training with another snapshot, model, base, seed or settings.
        StorageError: it cannot be written.
    """
    file = folder / _CLAIM
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not file.is_file():
            file.write_text(fingerprint)
        elif file.read_text() != fingerprint:
            raise TrainingError(
                "The training's folder holds one with another snapshot, model, base, seed or settings: choose another."
            )
    except OSError as error:
        raise StorageError(f"The training's folder cannot be written: {error.strerror}.") from None

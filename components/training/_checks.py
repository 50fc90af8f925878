"""What is refused before any time is spent on a training."""

import logging
import re
from pathlib import Path

import torch

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ModelError, StorageError, TrainingError
from components.findings import FINDINGS
from components.models import ModelConfig, load_model
from components.settings import TrainingSettings

_log = logging.getLogger(__name__)

_RUN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_CLAIM = "training.json"


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
        _log.warning("No positive to learn from for %s: these outputs will mean nothing.", ", ".join(missing))
    return snapshot.hash


def _positives(snapshot: Snapshot) -> dict[str, int]:
    """Finding → training images on which it counts as present, surely or softly."""
    rows = snapshot.rows(Side.TRAIN)
    return {
        finding.value: int((rows[f"target_{finding.value}"] * rows[f"weight_{finding.value}"] > 0).sum())
        for finding in FINDINGS
    }


def check_base(base: Path | None, model: ModelConfig) -> Path | None:
    """The base model's absolute folder, once its weights are proved to fit."""
    if base is None:
        return None
    config = load_model(base).config
    if not model.same_network(config):
        raise ModelError(
            f"The base model is {' + '.join(config.members)}, but {' + '.join(model.members)} is to be trained:"
            " set model.members alike."
        )
    return base.resolve()


def check_run(settings: TrainingSettings, run_name: str) -> None:
    """Refuses what this machine cannot do or this version does not do."""
    if not _RUN_NAME.fullmatch(run_name):
        raise TrainingError("The run's name must be of letters, digits, dots, dashes and underscores.")
    if settings.workers > 1:
        raise TrainingError("Training on several workers is not built yet: set training.workers to 1, or 0.")
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

"""What a training says while it runs and when it is done."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """One pass over the training images.

    epoch: counts from 1; epochs: at most this many. Losses are summed over the ensemble's members.
    validation_auc: mean over the findings with both positives and negatives among the validation images; NaN when
    there are none. images_per_s: of the training pass alone; seconds: of the whole epoch with validation.
    """

    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    validation_auc: float
    images_per_s: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A finished training: where the best epoch's model lies (for `load_model`), and how it went."""

    model_dir: Path
    epochs: tuple[EpochReport, ...]
    best_epoch: int

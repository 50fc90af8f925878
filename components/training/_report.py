"""What a training says while it runs and when it is done."""

from dataclasses import dataclass
from pathlib import Path

from components.training._trials import Trial


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """One pass over the training images.

    epoch: counts from 1; epochs: at most this many. Losses and AUCs without a prefix are SoloNet's, those with duo_
    DuoNet's (None where there is none); one that has stopped by itself keeps its last figures. Losses are summed over
    the ensemble's members. validation_auc: mean over the findings with both positives and negatives among the
    validation images; NaN when there are none, and when the objective is not to classify. images_per_s: pictures shown
    in the training pass a second, over all workers; seconds: of the whole epoch with validation. gpu_memory_mb: most
    that was allocated on a GPU so far; 0 without one.
    """

    epoch: int
    epochs: int
    train_loss: float
    validation_loss: float
    validation_auc: float
    images_per_s: float
    seconds: float
    duo_train_loss: float | None = None
    duo_validation_loss: float | None = None
    duo_validation_auc: float | None = None
    gpu_memory_mb: float = 0


@dataclass(frozen=True, kw_only=True)
class TrainingResult:
    """A finished training: where the best epochs' model lies (for `load_model`), and how it went.

    best_epoch: whose SoloNet was kept, 0 where there was no training of all weights; duo_best_epoch: whose DuoNet, None
    where there is none. trials: the ways of adapting a base model that competed, simplest first; epochs are those of
    the fine-tuning among them, chosen or not.
    """

    model_dir: Path
    epochs: tuple[EpochReport, ...]
    best_epoch: int
    duo_best_epoch: int | None = None
    trials: tuple[Trial, ...] = ()

"""From a snapshot to a trained model, in one Ray Train run."""

from components.training._report import EpochReport, TrainingResult
from components.training._train import train

__all__ = ["EpochReport", "TrainingResult", "train"]

"""From what reports and readers assert to what a model is trained on and judged by."""

from components.labels._changes import label_changes
from components.labels._codes import CODES, UNLABELLED
from components.labels._current import (
    contested,
    current_labels,
    label_sources,
    unusable_images,
    words_of_readers,
)
from components.labels._hierarchy import propagate
from components.labels._targets import positive_weights, soft_targets, truth

__all__ = [
    "CODES",
    "UNLABELLED",
    "contested",
    "current_labels",
    "label_changes",
    "label_sources",
    "positive_weights",
    "propagate",
    "soft_targets",
    "truth",
    "unusable_images",
    "words_of_readers",
]

"""From what reports and readers assert to what a model is trained on and judged by."""

from components.labels._codes import CODES
from components.labels._current import current_labels, label_sources
from components.labels._hierarchy import propagate
from components.labels._targets import positive_weights, soft_targets, truth

__all__ = ["CODES", "current_labels", "label_sources", "positive_weights", "propagate", "soft_targets", "truth"]

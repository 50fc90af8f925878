"""The ROC curve as a drawing needs it."""

from dataclasses import dataclass

import numpy as np

from components.evaluation._delong import BoolArray, FloatArray

_MOST_POINTS = 200


@dataclass(frozen=True)
class RocCurve:
    """Points from (0, 0) to (1, 1); empty where a class is missing."""

    false_positive_rate: tuple[float, ...]
    true_positive_rate: tuple[float, ...]


NO_CURVE = RocCurve((), ())


def roc_curve(truth: BoolArray, scores: FloatArray) -> RocCurve:
    """The curve's corners, thinned to at most 200 for drawing: figures are never computed from it.

    Args:
        truth: bool [N]. scores: float64 [N].
    """
    if not truth.any() or truth.all():
        return NO_CURVE
    levels, level_of = np.unique(-scores, return_inverse=True)  # highest score first; ties are one step
    true_positives = np.bincount(level_of, weights=truth, minlength=levels.size).cumsum()
    false_positives = np.bincount(level_of, weights=~truth, minlength=levels.size).cumsum()
    kept = np.unique(np.linspace(0, levels.size, min(levels.size + 1, _MOST_POINTS)).round().astype(int))
    rates = (np.concatenate([[0], found / found[-1]])[kept].tolist() for found in (false_positives, true_positives))
    return RocCurve(*map(tuple, rates))

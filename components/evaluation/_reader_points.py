"""Where a model's ROC curve passes a reader: at the same share of false alarms, how many positives are found."""

from dataclasses import dataclass

import numpy as np

from components.evaluation._bootstrap import patient_weights, strata_of
from components.evaluation._delong import BoolArray, FloatArray, IntArray

_WEIGHTS_AT_ONCE = 2_000_000  # numbers in memory a step: 16 MB
_ROUNDING = 1e-9


@dataclass(frozen=True, kw_only=True)
class Points:
    """The sensitivity of J readers, and the model's at each reader's specificity, as observed and in D draws."""

    readers: FloatArray  # [J]
    model: FloatArray  # [J]
    readers_draws: FloatArray  # [D, J]
    model_draws: FloatArray  # [D, J]


def reader_points(  # noqa: PLR0913  truth, scores, calls, and how patients are drawn
    truth: BoolArray, scores: FloatArray, calls: BoolArray, *, patients: IntArray, draws: int, seed: int
) -> Points:
    """The readers' sensitivities, and the model's where it raises as many false alarms.

    Between two scores the model's ROC curve is a straight line. With truth, scores and calls all turned round
    (`~truth, -scores, ~calls`) the same figures are specificities at the readers' sensitivities.

    Args:
        truth: bool [N], of both kinds.
        scores: float64 [N], any range.
        calls: bool [N, J], True where the reader says yes.
        patients: int64 [N], 0..P-1.
        draws: of patients; those that lose a class are left out.
        seed: of the draws.
    """
    levels = np.unique(-scores, return_inverse=True)[1]  # highest score first; ties are one step
    observed = _shares(truth, levels, calls, np.ones((truth.size, 1)))[:, 0]
    strata = strata_of(truth[:, np.newaxis].astype(np.float64), patients)
    step = max(1, _WEIGHTS_AT_ONCE // truth.size)
    drawn = np.concatenate(
        [
            _shares(truth, levels, calls, weights[patients])
            for weights in patient_weights(strata, draws=draws, seed=seed, at_once=step)
        ],
        axis=1,
    )
    kept = drawn[:, ~np.isnan(drawn).any(axis=(0, 2))]
    return Points(readers=observed[0], model=observed[1], readers_draws=kept[0], model_draws=kept[1])


def _shares(truth: BoolArray, levels: IntArray, calls: BoolArray, weights: FloatArray) -> FloatArray:
    """Sensitivity of the readers, and of the model at their false alarms; float64 [2, draws, J], NaN without a class.

    weights: float64 [N, draws].
    """
    curve = np.stack([_cumulated(weights * kind[:, np.newaxis], levels) for kind in (~truth, truth)])
    called = np.stack([calls.T.astype(np.float64) @ (weights * kind[:, np.newaxis]) for kind in (~truth, truth)])
    totals = curve[:, -1:]  # [2, 1, draws]
    with np.errstate(invalid="ignore"):
        curve, called = curve / totals, called / totals
    return np.stack([called[1], np.stack([_along(curve, alarms) for alarms in called[0]])]).transpose(0, 2, 1)


def _cumulated(weights: FloatArray, levels: IntArray) -> FloatArray:
    """Weight at or above each level, from none to all: float64 [levels + 1, draws]."""
    order = np.argsort(levels, kind="stable")
    last = np.searchsorted(levels[order], np.arange(levels.max() + 1), side="right")
    sums = np.zeros((levels.size + 1, weights.shape[1]))
    np.cumsum(weights[order], axis=0, out=sums[1:])
    return np.asarray(sums[np.concatenate([[0], last])])


def _along(curve: FloatArray, alarms: FloatArray) -> FloatArray:
    """The highest sensitivity of a ROC curve, float64 [2, K, draws], at the given shares of false alarms [draws]."""
    below = (curve[0] <= alarms + _ROUNDING).sum(axis=0) - 1
    above = np.minimum(below + 1, curve.shape[1] - 1)
    draws = np.arange(alarms.size)
    x0, y0, x1, y1 = (curve[axis, at, draws] for at in (below, above) for axis in (0, 1))
    run = x1 - x0
    part = np.divide(np.maximum(alarms - x0, 0), run, out=np.zeros_like(run), where=run > 0)
    return np.asarray(y0 + part * (y1 - y0))

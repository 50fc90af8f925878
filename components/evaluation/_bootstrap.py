"""Mean AUC over labels under resampling of patients.

A patient is drawn with all studies, so that studies of one patient, and labels of one study, stay together. A draw is
a weight a study; the weighted AUC is counted from cumulated weights in score order, exactly also with ties.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation._cohort import Cohort
from components.evaluation._delong import FloatArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval

_WEIGHTS_AT_ONCE = 2_000_000  # numbers in memory a step: 16 MB
_FEWEST_KEPT = 0.5  # of the draws asked for; below, the interval is undefined


@dataclass(frozen=True)
class _Order:
    """Where one score puts the smaller class among the sorted larger one."""

    larger: IntArray  # rows of the larger class, in ascending score
    smaller: IntArray  # rows of the smaller class
    below: IntArray  # for each of the smaller: how many of the larger score less
    upto: IntArray  # … less or the same
    smaller_is_positive: bool


def mean_auc_draws(
    truths: Sequence[FloatArray], scores: Sequence[Sequence[FloatArray]], *, patients: IntArray, draws: int, seed: int
) -> FloatArray:
    """Mean AUC over labels in each draw of patients, for several models on the same draws.

    Args:
        truths: for each label float64 [N]: 1, 0, or NaN where not judged.
        scores: for each model, for each label, float64 [N].
        patients: int64 [N], 0..P-1.
        draws: how many; those in which a label has lost its positives or its negatives are left out.
        seed: of the draws.

    Returns:
        float64 [D, models], D at most `draws`.
    """
    orders = [[_order(truth, column) for truth, column in zip(truths, model, strict=True)] for model in scores]
    count, step = int(patients.max()) + 1, max(1, _WEIGHTS_AT_ONCE // patients.size)
    random = np.random.default_rng(seed)
    parts = []
    for start in range(0, draws, step):
        size = min(step, draws - start)
        weights = _drawn(random, count, size)[patients]
        parts.append(np.stack([_mean_auc(model, weights) for model in orders], axis=1))
    means = np.concatenate(parts)
    return np.asarray(means[~np.isnan(means).any(axis=1)])


def _drawn(random: np.random.Generator, patients: int, draws: int) -> FloatArray:
    """How often each patient was drawn, float64 [patients, draws]."""
    drawn = random.integers(0, patients, size=(patients, draws))
    cells = drawn * draws + np.arange(draws)
    return np.bincount(cells.ravel(), minlength=patients * draws).reshape(patients, draws).astype(np.float64)


def _order(truth: FloatArray, scores: FloatArray) -> _Order:
    positives, negatives = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    smaller, larger = sorted((positives, negatives), key=len)
    larger = larger[np.argsort(scores[larger], kind="stable")]
    sorted_scores = scores[larger]
    return _Order(
        larger=larger,
        smaller=smaller,
        below=np.searchsorted(sorted_scores, scores[smaller], side="left"),
        upto=np.searchsorted(sorted_scores, scores[smaller], side="right"),
        smaller_is_positive=smaller is positives,
    )


def _mean_auc(orders: Sequence[_Order], weights: FloatArray) -> FloatArray:
    """Mean over the labels of the weighted AUC, float64 [draws]; NaN where a label lost a class."""
    total = np.zeros(weights.shape[1])
    for order in orders:
        total += _weighted_auc(order, weights)
    return np.asarray(total / len(orders))


def _weighted_auc(order: _Order, weights: FloatArray) -> FloatArray:
    cumulated = np.zeros((order.larger.size + 1, weights.shape[1]))
    np.cumsum(weights[order.larger], axis=0, out=cumulated[1:])
    own = weights[order.smaller]
    beaten = np.einsum("sd,sd->d", own, cumulated[order.below]) + np.einsum("sd,sd->d", own, cumulated[order.upto])
    pairs = 2 * own.sum(axis=0) * cumulated[-1]
    auc = np.divide(beaten, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    return np.asarray(auc if order.smaller_is_positive else 1 - auc)


def cohort_draws(cohort: Cohort, labels: Sequence[int], *, names: Sequence[str], draws: int, seed: int) -> FloatArray:
    """`mean_auc_draws` over some labels and models of a cohort, float64 [D, models]."""
    return mean_auc_draws(
        [cohort.truth[:, label] for label in labels],
        [[cohort.scores[name][:, label] for label in labels] for name in names],
        patients=cohort.patients,
        draws=draws,
        seed=seed,
    )


def percentile_interval(draws: FloatArray, alpha: float, *, asked: int) -> Interval:
    """The 1 - alpha percentile interval; undefined where fewer than half of the draws asked for were kept."""
    if draws.size < _FEWEST_KEPT * asked:
        return UNDEFINED
    low, high = np.quantile(draws, (alpha / 2, 1 - alpha / 2))
    return Interval(float(low), float(high))


def two_sided_p(differences: FloatArray) -> float:
    """Twice the smaller share of draws on one side of 0, the observed data counted in; at least 2 / (draws + 1)."""
    one_side = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (one_side + 1) / (differences.size + 1))

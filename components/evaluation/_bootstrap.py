"""Figures under resampling of patients.

A patient is drawn with all studies, so that studies of one patient, and labels of one study, stay together. Patients
are drawn within strata, so that every draw has about as many patients with a rare finding as the data have. A draw is a
weight a patient, and every figure is counted from weights: the AUC from cumulated weights in score order, exactly also
with ties.

References:
    Rao, Wu. Resampling inference with complex survey data. J Am Stat Assoc 1988;83:231.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from components.evaluation._cohort import Cohort
from components.evaluation._delong import FloatArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval

_WEIGHTS_AT_ONCE = 2_000_000  # numbers in memory a step: 16 MB
_FEWEST_KEPT = 0.5  # of the draws asked for; below, the interval is undefined
_SMALLEST_STRATUM = 2  # patients
_RARE = 30  # patients


@dataclass(frozen=True)
class _Order:
    """Where one score puts the smaller class among the sorted larger one."""

    larger: IntArray  # rows of the larger class, in ascending score
    smaller: IntArray  # rows of the smaller class
    below: IntArray  # for each of the smaller: how many of the larger score less
    upto: IntArray  # … less or the same
    tied: bool  # whether any of the two score the same
    smaller_is_positive: bool


def strata_of(truth: FloatArray, patients: IntArray) -> IntArray:
    """The stratum of each patient: the rarest label that a study of it has, of those that are rare; int64 [P].

    Rare is a label that fewer than 30 patients have: drawn freely, their number would vary by a fifth and more, and
    with it the weight of the label. Common labels are left alone, for strata also fix which findings go together: in
    simulation strata of every label made intervals up to 5 % too narrow. All other patients are one stratum, which a
    patient that would be alone in its stratum joins.

    Args:
        truth: float64 [N, L]: 1, 0, or NaN where not judged.
        patients: int64 [N], 0..P-1.
    """
    count, labels = int(patients.max()) + 1, truth.shape[1]
    has = np.zeros((count, labels), dtype=bool)
    rows, columns = np.nonzero(truth == 1)
    has[patients[rows], columns] = True
    sizes = has.sum(axis=0)
    has[:, sizes >= _RARE] = False
    rarest_first = np.argsort(sizes, kind="stable")
    strata = np.where(has.any(axis=1), has[:, rarest_first].argmax(axis=1), labels)
    alone = np.bincount(strata, minlength=labels + 1) < _SMALLEST_STRATUM
    strata[alone[strata]] = labels
    return np.asarray(strata, dtype=np.int64)


def patient_weights(strata: IntArray, *, draws: int, seed: int, at_once: int) -> Iterator[FloatArray]:
    """The weight of each patient in each draw, float64 [P, at most `at_once`] a step.

    From each stratum of k patients k - 1 are drawn with replacement and count k / (k - 1): so the variance over draws
    is unbiased also in small strata (Rao & Wu 1988).

    Args:
        strata: int64 [P].
        draws: how many in all.
        seed: of the draws.
        at_once: how many a step.
    """
    random = np.random.default_rng(seed)
    members = [np.flatnonzero(strata == stratum) for stratum in np.unique(strata)]
    for start in range(0, draws, at_once):
        size = min(at_once, draws - start)
        weights = np.empty((strata.size, size))
        for patients in members:
            weights[patients] = _drawn(random, patients.size, size)
        yield weights


def _drawn(random: np.random.Generator, patients: int, draws: int) -> FloatArray:
    """The weight of each patient of a stratum, float64 [patients, draws]."""
    if patients < _SMALLEST_STRATUM:
        return np.ones((patients, draws))
    drawn = random.integers(0, patients, size=(patients - 1, draws))
    cells = drawn * draws + np.arange(draws)
    times = np.bincount(cells.ravel(), minlength=patients * draws).reshape(patients, draws)
    return np.asarray(times * (patients / (patients - 1)), dtype=np.float64)


def mean_auc_draws(  # noqa: PLR0913  truth, scores, and how patients are drawn
    truths: Sequence[FloatArray],
    scores: Sequence[Sequence[FloatArray]],
    *,
    patients: IntArray,
    strata: IntArray,
    draws: int,
    seed: int,
) -> FloatArray:
    """Mean AUC over labels in each draw of patients, for several models on the same draws.

    Args:
        truths: for each label float64 [N]: 1, 0, or NaN where not judged.
        scores: for each model, for each label, float64 [N].
        patients: int64 [N], 0..P-1.
        strata: int64 [P].
        draws: how many; those in which a label has lost its positives or its negatives are left out.
        seed: of the draws.

    Returns:
        float64 [D, models], D at most `draws`.
    """
    orders = [[_order(truth, column) for truth, column in zip(truths, model, strict=True)] for model in scores]
    step = max(1, _WEIGHTS_AT_ONCE // patients.size)
    parts = []
    for of_patients in patient_weights(strata, draws=draws, seed=seed, at_once=step):
        weights = of_patients[patients]
        parts.append(np.stack([_mean_auc(model, weights) for model in orders], axis=1))
    means = np.concatenate(parts)
    return np.asarray(means[~np.isnan(means).any(axis=1)])


def _order(truth: FloatArray, scores: FloatArray) -> _Order:
    positives, negatives = np.flatnonzero(truth == 1), np.flatnonzero(truth == 0)
    smaller, larger = sorted((positives, negatives), key=len)
    larger = larger[np.argsort(scores[larger], kind="stable")]
    below, upto = (np.searchsorted(scores[larger], scores[smaller], side=side) for side in ("left", "right"))
    return _Order(
        larger=larger,
        smaller=smaller,
        below=below,
        upto=upto,
        tied=bool((below < upto).any()),
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
    beaten = np.einsum("sd,sd->d", own, cumulated[order.below])
    if order.tied:
        beaten = (beaten + np.einsum("sd,sd->d", own, cumulated[order.upto])) / 2
    pairs = own.sum(axis=0) * cumulated[-1]
    auc = np.divide(beaten, pairs, out=np.full(pairs.shape, np.nan), where=pairs > 0)
    return np.asarray(auc if order.smaller_is_positive else 1 - auc)


def cohort_draws(cohort: Cohort, labels: Sequence[int], *, names: Sequence[str], draws: int, seed: int) -> FloatArray:
    """`mean_auc_draws` over some labels and models of a cohort, float64 [D, models]."""
    return mean_auc_draws(
        [cohort.truth[:, label] for label in labels],
        [[cohort.scores[name][:, label] for label in labels] for name in names],
        patients=cohort.patients,
        strata=strata_of(cohort.truth[:, list(labels)], cohort.patients),
        draws=draws,
        seed=seed,
    )


def ratio_draws(sums: FloatArray, counts: FloatArray, *, strata: IntArray, draws: int, seed: int) -> FloatArray:
    """Mean over labels of sum by count in each draw of patients, as a mean error is; float64 [D].

    Args:
        sums, counts: float64 [P, L], of each patient's studies for each label.
        strata, draws, seed: as in `mean_auc_draws`; draws in which a label lost every study are left out.
    """
    parts = []
    for weights in patient_weights(strata, draws=draws, seed=seed, at_once=max(1, _WEIGHTS_AT_ONCE // strata.size)):
        above, below = weights.T @ sums, weights.T @ counts
        parts.append(np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0).mean(axis=1))
    means = np.concatenate(parts)
    return np.asarray(means[~np.isnan(means)])


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


def one_sided_p(differences: FloatArray, margin: float) -> float:
    """The share of draws at or below -margin, the observed data counted in; at least 1 / (draws + 1)."""
    return (int((differences <= -margin).sum()) + 1) / (differences.size + 1)

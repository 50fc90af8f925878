"""What is said over all labels at once: Holm's adjustment, and Wilcoxon's test of the labels' differences."""

from collections.abc import Sequence

import numpy as np
from scipy import stats

_DECIMALS = 12  # differences closer than rounding error are ties


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's step-down adjusted p values (Holm 1979), in the given order; NaN stays NaN and is not counted."""
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.size, np.nan)
    defined = np.flatnonzero(~np.isnan(p))
    smallest_first = defined[np.argsort(p[defined], kind="stable")]
    factors = np.arange(defined.size, 0, -1)
    adjusted[smallest_first] = np.minimum(1, np.maximum.accumulate(p[smallest_first] * factors))
    return [float(value) for value in adjusted]


def wilcoxon_p(differences: Sequence[float]) -> float:
    """Two-sided p of Wilcoxon's signed-rank test that the labels' differences centre on 0 (Wilcoxon 1945).

    Exact for any number of labels, also with ties (midranks): the chance of each rank sum under all sign patterns is
    counted, which scipy does only without ties. Labels without a difference are left out, as Wilcoxon did; when every
    label is without, p = 1. NaN without any label. The labels share patients, so this stands beside the patient-level
    bootstrap and does not replace it.
    """
    rounded = np.round(np.asarray(differences, dtype=np.float64), _DECIMALS)
    if not rounded.size:
        return float("nan")
    moved = rounded[rounded != 0]
    doubled = np.round(2 * stats.rankdata(np.abs(moved))).astype(np.int64)  # whole numbers, also for midranks
    observed = int(doubled[moved > 0].sum())
    chance = np.ones(1)  # of each sum of positive doubled ranks
    for rank in doubled:
        without, with_it = np.pad(chance, (0, rank)), np.pad(chance, (rank, 0))
        chance = (without + with_it) / 2
    return float(min(1.0, 2 * min(chance[: observed + 1].sum(), chance[observed:].sum())))

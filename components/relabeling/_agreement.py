"""How far readers agree beyond chance: Cohen's kappa, Krippendorff's alpha, and both for each finding."""

import math
from enum import StrEnum
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from components.findings import FINDINGS

_CODES = [0, -1, 1]  # absent, uncertain, present: in the order in which they mean more of the finding


class Level(StrEnum):
    """How ratings relate: only same or different, or in an order."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> float:
    """Agreement of two readers beyond chance: 1 always, 0 as often as by chance, below 0 less (Cohen 1960).

    kappa = (observed - expected) / (1 - expected), expected from each reader's own shares of the ratings.

    Args:
        first, second: [N], what each said of the same N studies.

    Returns:
        NaN without a study, and where both gave one and the same rating throughout: chance alone agrees always.
    """
    a, b = np.asarray(first), np.asarray(second)
    if a.size == 0:
        return math.nan
    ratings = np.union1d(a, b)
    joint = np.array([[np.mean((a == row) & (b == column)) for column in ratings] for row in ratings])
    expected = float(joint.sum(axis=1) @ joint.sum(axis=0))
    return math.nan if len(ratings) == 1 else (float(np.trace(joint)) - expected) / (1 - expected)


def krippendorff_alpha(ratings: ArrayLike, level: Level = Level.NOMINAL) -> float:
    """Agreement of any number of readers beyond chance, some ratings missing (Krippendorff 2011).

    alpha = 1 - observed / expected disagreement, over the pairs of ratings within a study and over all pairs; for
    ordinal ratings two differ by the squared number of ratings that lie between them.

    Args:
        ratings: float [studies, readers], NaN where a reader said nothing; ordinal ones by their order.
        level: how ratings relate.

    Returns:
        NaN where no study has two ratings, and where all ratings are the same: there is nothing to disagree about.
    """
    table = np.asarray(ratings, dtype=float)
    table = table[(~np.isnan(table)).sum(axis=1) > 1]
    values = np.unique(table[~np.isnan(table)])
    if len(values) < 2:  # noqa: PLR2004
        return math.nan
    counts = (table[:, :, np.newaxis] == values).sum(axis=1).astype(float)  # [studies, values]
    coincidences = _coincidences(counts)
    totals = coincidences.sum(axis=0)
    differences = _differences(totals, level)
    expected = (np.outer(totals, totals) * differences).sum() / (totals.sum() - 1)
    return float(1 - (coincidences * differences).sum() / expected)


def _coincidences(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """How often each two values meet in one study, [V, V], each study weighing as much as it has ratings."""
    weights = 1 / (counts.sum(axis=1) - 1)
    pairs: NDArray[np.float64] = (counts.T * weights) @ counts - np.diag(weights @ counts)
    return pairs


def _differences(totals: NDArray[np.float64], level: Level) -> NDArray[np.float64]:
    """How much each two values differ, [V, V]."""
    if level is Level.NOMINAL:
        return 1 - np.eye(len(totals))
    reached = np.cumsum(totals) - totals / 2
    ordinal: NDArray[np.float64] = np.subtract.outer(reached, reached) ** 2
    return ordinal


def agreement(words: pd.DataFrame) -> pd.DataFrame:
    """How far readers agree on each finding that two of them stated in one study.

    Args:
        words: what readers say, as `labels.words_of_readers` gives it: study, finding, author, code.

    Returns:
        Index finding, in the one order; `studies` with two readers or more, `same` the share of them in which all
        said the same, `kappa` the mean over pairs of readers weighted by their shared studies, `alpha` of all
        readers with absent, uncertain, present in this order. NaN where undefined.
    """
    rows = {}
    for finding in FINDINGS:
        table = words[words["finding"] == finding.value].pivot(index="study", columns="author", values="code")
        table = table[table.notna().sum(axis=1) > 1]
        if len(table):
            rows[finding.value] = {
                "studies": len(table),
                "same": float((table.nunique(axis=1) == 1).mean()),
                "kappa": _mean_kappa(table),
                "alpha": krippendorff_alpha(table.replace(dict(zip(_CODES, range(3), strict=True))), Level.ORDINAL),
            }
    found = pd.DataFrame.from_dict(rows, orient="index", columns=["studies", "same", "kappa", "alpha"])
    return found.rename_axis("finding").astype({"studies": "int64"})


def _mean_kappa(table: pd.DataFrame) -> float:
    """Over pairs of readers, weighted by the studies that both read; NaN where none is defined."""
    kappas, weights = [], []
    for first, second in combinations(table.columns, 2):
        both = table[[first, second]].dropna()
        kappa = cohen_kappa(both[first], both[second])
        if not math.isnan(kappa):
            kappas.append(kappa)
            weights.append(len(both))
    return float(np.average(kappas, weights=weights)) if kappas else math.nan

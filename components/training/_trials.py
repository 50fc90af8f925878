"""Which of several ways to adapt a model is the one to go on with: the simplest that is about as good as the best."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.settings import Strategy

_DRAWS = 200

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One way of adapting a base model, as the validation patients judged it.

    validation_auc: mean over the labels with both classes; NaN when there are none. error_of_difference: standard
    error of its distance in mean AUC from the best way; 0 for the best itself.
    """

    strategy: Strategy
    validation_auc: float
    error_of_difference: float
    chosen: bool


def judge(
    truth: pd.DataFrame, answers: Mapping[Strategy, pd.DataFrame], patients: "pd.Series[str]", *, seed: int
) -> tuple[Trial, ...]:
    """The trials in the order of `Strategy`, simplest first, one of them chosen.

    Chosen is the simplest whose mean AUC is less than one standard error of the difference below the best's (Breiman
    et al. 1984), by a bootstrap of the patients.

    Args:
        truth: index study, a column a label: 1, 0 or NaN where not judged.
        answers: of each way, the same columns, 0..1.
        patients: index study; a patient's studies are drawn together.
        seed: of the draws.
    """
    ways = [strategy for strategy in Strategy if strategy in answers]
    weights = np.vstack([np.ones(len(truth)), _draws(patients.loc[truth.index].to_numpy(dtype=str), seed)])
    values = truth.to_numpy(dtype=np.float64)
    areas = {way: _mean_auc(values, answers[way].loc[truth.index].to_numpy(dtype=np.float64), weights) for way in ways}
    best = max(ways, key=lambda way: np.nan_to_num(areas[way][0], nan=-1.0))
    behind = {way: _deviation(areas[best][1:] - areas[way][1:]) for way in ways}
    chosen = next(way for way in ways if way is best or areas[best][0] - areas[way][0] < behind[way])
    return tuple(
        Trial(
            strategy=way,
            validation_auc=float(areas[way][0]),
            error_of_difference=behind[way],
            chosen=way is chosen,
        )
        for way in ways
    )


def _draws(patients: NDArray[np.str_], seed: int) -> Floats:
    """How often each study counts in each draw of as many patients as there are, [draws, N]."""
    names, owner = np.unique(patients, return_inverse=True)
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(names.size, np.full(names.size, 1 / names.size), size=_DRAWS)
    return np.asarray(drawn[:, owner], dtype=np.float64)


def _mean_auc(truth: Floats, scores: Floats, weights: Floats) -> Floats:
    """Mean over the labels of the weighted AUC in each draw, [draws]; a label counts where both classes were drawn."""
    areas = [
        _auc(label[known] == 1, score[known], weights[:, known])
        for label, score in zip(truth.T, scores.T, strict=True)
        if (known := ~np.isnan(label)).any()
    ]
    defined = ~np.isnan(areas) if areas else np.zeros((1, len(weights)), dtype=bool)
    count = defined.sum(axis=0)
    total = np.nansum(areas, axis=0) if areas else np.zeros(len(weights))
    return np.asarray(np.divide(total, count, out=np.full(len(weights), np.nan), where=count > 0))


def _auc(positive: NDArray[np.bool_], scores: Floats, weights: Floats) -> Floats:
    """Share of the weight of (positive, negative) pairs that the scores put in order, a tie counting half: [draws]."""
    order = np.argsort(scores[~positive], kind="stable")
    negatives, of_negatives = scores[~positive][order], weights[:, ~positive][:, order]
    below = np.concatenate([np.zeros((len(weights), 1)), of_negatives.cumsum(axis=1)], axis=1)
    left, right = (np.searchsorted(negatives, scores[positive], side=side) for side in ("left", "right"))
    beaten = (weights[:, positive] * (below[:, left] + below[:, right]) / 2).sum(axis=1)
    pairs = weights[:, positive].sum(axis=1) * below[:, -1]
    return np.asarray(np.divide(beaten, pairs, out=np.full(len(weights), np.nan), where=pairs > 0))


def _deviation(differences: Floats) -> float:
    """Standard deviation over the draws in which the difference is defined; NaN where there are fewer than two."""
    defined = differences[~np.isnan(differences)]
    return float(defined.std(ddof=1)) if defined.size > 1 else float("nan")

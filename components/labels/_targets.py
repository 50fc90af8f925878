"""What the model is trained towards, and the truth that it is judged by."""

from hashlib import blake2b

import numpy as np
import pandas as pd

from components.labels._codes import COLUMNS, PRESENT, UNCERTAIN, UNLABELLED, UNMENTIONED, code_array
from components.settings import UncertainPolicy

SOFT_LOWEST, SOFT_HIGHEST = 0.55, 0.85
"""Range of soft targets for uncertain statements (Pham et al. 2021)."""


def soft_targets(codes: pd.DataFrame, *, policy: UncertainPolicy, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets and weights of training, both float32 [N, 14]; a weight of 0 means the cell is ignored.

    Present is 1, absent and unmentioned 0, unlabelled ignored. Uncertain is, by `policy`: drawn uniformly from .55–.85
    (SOFT), 0, 1, or ignored. A draw depends on the study (the index of `codes`), the finding and `seed` only, not on
    the order.
    """
    values = code_array(codes)
    targets = (values == PRESENT).astype(np.float32)
    weights = (values != UNLABELLED).astype(np.float32)
    uncertain = values == UNCERTAIN
    if policy is UncertainPolicy.SOFT:
        _draw(targets, uncertain, studies=codes.index, seed=seed)
    elif policy is UncertainPolicy.ONES:
        targets[uncertain] = 1
    elif policy is UncertainPolicy.IGNORE:
        weights[uncertain] = 0
    return targets, weights


def truth(codes: pd.DataFrame) -> np.ndarray:
    """The truth that scores are judged by: float32 [N, 14], 1 present, 0 absent or unmentioned, NaN neither."""
    values = code_array(codes)
    judged = np.where(values == UNMENTIONED, 0, values).astype(np.float32)
    judged[np.isin(values, (UNCERTAIN, UNLABELLED))] = np.nan
    return judged


def positive_weights(targets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weight of positives in the loss, float32 [14]: negatives over positives, soft targets counted by their share.

    Both arguments are [N, 14] as `soft_targets` gives them. 1 where a column has no positives: nothing to balance.
    """
    positives = (weights * targets).sum(axis=0, dtype=np.float64)
    negatives = (weights * (1 - targets)).sum(axis=0, dtype=np.float64)
    balanced = np.divide(negatives, positives, out=np.ones_like(positives), where=positives > 0)
    weighting: np.ndarray = balanced.astype(np.float32)
    return weighting


def _draw(targets: np.ndarray, uncertain: np.ndarray, *, studies: pd.Index, seed: int) -> None:
    """Fills the uncertain cells with draws keyed by (study, finding, seed)."""
    for row, column in zip(*np.nonzero(uncertain), strict=True):
        key = f"{seed}\0{studies[row]}\0{COLUMNS[column]}".encode()
        share = int.from_bytes(blake2b(key, digest_size=8).digest(), "big") / 2**64
        targets[row, column] = SOFT_LOWEST + (SOFT_HIGHEST - SOFT_LOWEST) * share

"""From probabilities to yes or no: one threshold a finding, chosen on validation studies only."""

import numpy as np
import pandas as pd

from components.evaluation._cohort import gather
from components.evaluation._delong import BoolArray, FloatArray
from components.findings import FINDINGS, Finding


def choose_thresholds(truth: pd.DataFrame, scores: pd.DataFrame) -> dict[Finding, float | None]:
    """For each finding the threshold of largest Youden index (sensitivity + specificity - 1); None where undefined.

    A study is positive at or above the threshold, which lies halfway between two scores, so that rounding does not
    move a study across it. Of several equal ones it is the most sensitive. Undefined where the validation studies
    hold only one class.

    Args:
        truth: validation studies, index study, the 14 findings' columns: 1, 0, NaN = not judged.
        scores: index study, the same columns, probabilities 0..1.
    """
    cohort = gather(truth[[finding.value for finding in FINDINGS]], {"validation": scores}, None)
    found: dict[Finding, float | None] = {}
    for number, finding in enumerate(FINDINGS):
        judged = cohort.judged(number)
        found[finding] = _youden(judged.truth, cohort.scores["validation"][judged.rows, number])
    return found


def _youden(truth: BoolArray, scores: FloatArray) -> float | None:
    if not truth.any() or truth.all():
        return None
    levels, level_of = np.unique(scores, return_inverse=True)
    positives = np.bincount(level_of, weights=truth, minlength=levels.size)
    negatives = np.bincount(level_of, weights=~truth, minlength=levels.size)
    true_positives, false_positives = positives[::-1].cumsum()[::-1], negatives[::-1].cumsum()[::-1]
    youden = true_positives * negatives.sum() - false_positives * positives.sum()  # whole numbers: ties are exact
    best = int(np.argmax(youden))  # the first, hence lowest, of equals
    return float(levels[best] if best == 0 else (levels[best - 1] + levels[best]) / 2)

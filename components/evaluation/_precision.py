"""The area under the precision-recall curve: what a rare finding's alarms are worth."""

import numpy as np
from scipy import special

from components.evaluation._delong import BoolArray, FloatArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval, normal_interval


def average_precision(truth: BoolArray, scores: FloatArray) -> float:
    """AUPRC as average precision: the mean, over the positives, of the precision at their score.

    AP = sum over thresholds of (R_n - R_n-1) P_n, without interpolation; equal scores are one threshold. A score
    that knows nothing has the prevalence. NaN where a class is missing.

    Args:
        truth: bool [N], True where the finding is there.
        scores: float64 [N], any range; only the order counts.

    References:
        Davis, Goadrich. The relationship between precision-recall and ROC curves. ICML 2006.
    """
    if not truth.any() or truth.all():
        return float("nan")
    levels, level_of = np.unique(-scores, return_inverse=True)  # highest score first; ties are one step
    positives = np.bincount(level_of, weights=truth, minlength=levels.size)
    found, called = positives.cumsum(), np.bincount(level_of, minlength=levels.size).cumsum()
    return float((positives * found / called).sum() / found[-1])


def average_precision_interval(value: float, truth: BoolArray, patients: IntArray | None, alpha: float) -> Interval:
    """The 1 - alpha interval of an AUPRC, made on the logit scale with variance 1 / (n AP (1 - AP)).

    n is the number of patients with the finding. Undefined at an AUPRC of 1, or where it is undefined.

    References:
        Boyd, Eng, Page. Area under the precision-recall curve: point estimates and confidence intervals.
        ECML PKDD 2013;8190:451.
    """
    if not 0 < value < 1:
        return UNDEFINED
    count = int(truth.sum()) if patients is None else np.unique(patients[truth]).size
    spread = 1 / float(np.sqrt(count * value * (1 - value)))
    on_logit = normal_interval(float(special.logit(value)), spread, alpha)
    return Interval(float(special.expit(on_logit.low)), float(special.expit(on_logit.high)))

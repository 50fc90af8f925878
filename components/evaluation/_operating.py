"""What a yes-or-no reading of the scores is worth: sensitivity and specificity at a threshold fixed beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from components.evaluation._cohort import Cohort
from components.evaluation._delong import BoolArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._proportion import share_interval

_NAN = float("nan")
_NO_THRESHOLD = "the validation patients gave no threshold"


@dataclass(frozen=True, kw_only=True)
class OperatingPoint:
    """One label of one model, read as present at or above the threshold; NaN where undefined, with the reason."""

    label: str
    model: str  # "A" (the champion, or the one model) or "B" (the candidate)
    threshold: float
    n: int
    positives: int
    sensitivity: float
    sensitivity_ci: Interval
    specificity: float
    specificity_ci: Interval
    reason: str | None


def operating_points(
    cohort: Cohort, model: str, thresholds: Mapping[str, float | None], *, alpha: float
) -> tuple[OperatingPoint, ...]:
    """Sensitivity and specificity of one model for each label that has an entry among the thresholds.

    The thresholds must come from other patients than these: on the patients that chose them they flatter.

    Args:
        cohort: truth and scores.
        model: whose scores.
        thresholds: label → positive at or above; None where the validation patients gave none.
        alpha: 1 - alpha intervals (Wilson's, see `share_interval`).
    """
    return tuple(
        _point(cohort, model, number, threshold=thresholds[label], alpha=alpha)
        for number, label in enumerate(cohort.labels)
        if label in thresholds
    )


def _point(cohort: Cohort, model: str, number: int, *, threshold: float | None, alpha: float) -> OperatingPoint:
    judged = cohort.judged(number)
    called = cohort.scores[model][judged.rows, number] >= (_NAN if threshold is None else threshold)
    defined = np.full(judged.truth.shape, threshold is not None)
    sensitivity, of_positives = _share(called, judged.truth & defined, judged.patients, alpha)
    specificity, of_negatives = _share(~called, ~judged.truth & defined, judged.patients, alpha)
    return OperatingPoint(
        label=cohort.labels[number],
        model=model,
        threshold=_NAN if threshold is None else threshold,
        n=judged.truth.size,
        positives=int(judged.truth.sum()),
        sensitivity=sensitivity,
        sensitivity_ci=of_positives,
        specificity=specificity,
        specificity_ci=of_negatives,
        reason=_NO_THRESHOLD if threshold is None else _missing_class(judged.truth),
    )


def _share(hits: BoolArray, of: BoolArray, patients: IntArray | None, alpha: float) -> tuple[float, Interval]:
    if not of.any():
        return _NAN, UNDEFINED
    chosen = hits[of]
    return float(chosen.mean()), share_interval(chosen, None if patients is None else patients[of], alpha)


def _missing_class(truth: BoolArray) -> str | None:
    if not truth.size:
        return "no study is judged"
    if truth.any() and not truth.all():
        return None
    return "no negatives: no specificity" if truth.any() else "no positives: no sensitivity"

"""From probabilities to yes or no: one threshold a finding, chosen on validation studies only, by what it is for."""

from collections.abc import Callable
from functools import partial

import numpy as np
import pandas as pd

from components.evaluation._cohort import gather
from components.evaluation._delong import BoolArray, FloatArray
from components.findings import FINDINGS, Finding
from components.settings import ThresholdSettings, Use

_ROUNDING = 1e-12

_Chooser = Callable[[FloatArray, FloatArray], int | None]
"""From the positives and the negatives at or above each score, float64 [levels] each, to the level to call positive."""


def choose_thresholds(
    truth: pd.DataFrame, scores: pd.DataFrame, settings: ThresholdSettings | None = None
) -> dict[Finding, float | None]:
    """For each finding the threshold that its use asks for; None where undefined.

    A study is positive at or above the threshold, which lies halfway between two scores, so that rounding does not
    move a study across it. By `Use`:

    - balanced: the largest Youden index (sensitivity + specificity - 1; Youden 1950), of equal ones the most sensitive;
    - triage: the most specific threshold of at least the sensitivity asked for;
    - confirmation: the most sensitive threshold of at least the specificity asked for.

    Undefined where the validation studies hold only one class, and for confirmation where every threshold that is
    specific enough finds nothing.

    Args:
        truth: validation studies, index study, the 14 findings' columns: 1, 0, NaN = not judged.
        scores: index study, the same columns, probabilities 0..1, calibrated where the model's answers are.
        settings: use, target sensitivity and specificity; default: balanced.

    References:
        Youden. Index for rating diagnostic tests. Cancer 1950;3:32.
    """
    settings = settings or ThresholdSettings()
    cohort = gather(truth[[finding.value for finding in FINDINGS]], {"validation": scores}, None)
    chosen: dict[Finding, float | None] = {}
    for number, finding in enumerate(FINDINGS):
        judged = cohort.judged(number)
        chosen[finding] = _threshold(
            judged.truth, cohort.scores["validation"][judged.rows, number], _chooser(finding, settings)
        )
    return chosen


def _chooser(finding: Finding, settings: ThresholdSettings) -> _Chooser:
    use = settings.use_of(finding)
    if use is Use.TRIAGE:
        return partial(_sensitive, at_least=settings.sensitivity)
    return partial(_specific, at_least=settings.specificity) if use is Use.CONFIRMATION else _youden


def _threshold(truth: BoolArray, scores: FloatArray, choose: _Chooser) -> float | None:
    if not truth.any() or truth.all():
        return None
    levels, level_of = np.unique(scores, return_inverse=True)
    counts = (np.bincount(level_of, weights=kind, minlength=levels.size) for kind in (truth, ~truth))
    best = choose(*(count[::-1].cumsum()[::-1] for count in counts))
    if best is None:
        return None
    return float(levels[best] if best == 0 else (levels[best - 1] + levels[best]) / 2)


def _youden(found: FloatArray, alarms: FloatArray) -> int:
    """The level of largest Youden index, in whole numbers: ties are exact. The first, hence lowest, of equals."""
    return int(np.argmax(found * alarms[0] - alarms * found[0]))


def _sensitive(found: FloatArray, alarms: FloatArray, *, at_least: float) -> int:
    """The highest level at which enough positives are found; the lowest finds all."""
    return int(np.flatnonzero(found / found[0] >= at_least - _ROUNDING)[-1])


def _specific(found: FloatArray, alarms: FloatArray, *, at_least: float) -> int | None:
    """The lowest level at which enough negatives are spared and a positive is found."""
    enough = np.flatnonzero((1 - alarms / alarms[0] >= at_least - _ROUNDING) & (found > 0))
    return int(enough[0]) if enough.size else None

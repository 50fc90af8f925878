"""From a model's scores to probabilities that mean what they say, by maps fitted on validation studies only.

References:
    Platt. Probabilistic outputs for support vector machines. Advances in Large Margin Classifiers 1999;61.
    Zadrozny, Elkan. Transforming classifier scores into accurate multiclass probability estimates. KDD 2002;694.
    Guo, Pleiss, Sun, Weinberger. On calibration of modern neural networks. ICML 2017.
"""

from typing import Literal

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, model_validator
from scipy import optimize, special

from components.errors import ModelError
from components.evaluation._cohort import Judged, gather
from components.evaluation._delong import BoolArray, FloatArray
from components.settings import CalibrationMethod

_FURTHEST = 16.0  # logit of 1 - 1e-7: a float32 probability hardly says more
_FLATTEST = 1e-3  # slope a standard deviation of the logit; at it, a higher score means nothing or less


class _Map(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LogitMap(_Map):
    """A rising line on the logit: expit(slope * logit(p) + intercept).

    It keeps the order of scores, hence every AUC. Slope 1 and intercept 0 change nothing.
    """

    kind: Literal["logit"] = "logit"
    slope: float = Field(1.0, gt=0, allow_inf_nan=False)
    intercept: float = Field(0.0, allow_inf_nan=False)
    reason: str | None = Field(None, description="why the scores were left as they are")

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        if (self.slope, self.intercept) == (1.0, 0.0):
            return probabilities
        return np.asarray(special.expit(self.slope * special.logit(probabilities) + self.intercept))


class IsotonicMap(_Map):
    """A rising line through knots; it may make ties, so AUCs can change a little."""

    kind: Literal["isotonic"] = "isotonic"
    scores: tuple[float, ...] = Field(min_length=1, description="ascending")
    observed: tuple[float, ...] = Field(min_length=1, description="share of positives there, never falling")

    @model_validator(mode="after")
    def _rises(self) -> "IsotonicMap":
        rising = len(self.scores) == len(self.observed) and not (np.diff(self.scores) <= 0).any()
        if not rising or (np.diff(self.observed) < 0).any():
            raise ValueError("the knots of an isotonic map must rise")
        return self

    def __call__(self, probabilities: FloatArray) -> FloatArray:
        return np.asarray(np.interp(probabilities, self.scores, self.observed))


class Calibration(_Map):
    """One map a label; a label without one keeps its scores."""

    maps: dict[str, LogitMap | IsotonicMap] = Field(default={}, description="label → its map")

    def apply(self, scores: pd.DataFrame) -> pd.DataFrame:
        """The table with each label's column calibrated: same index and columns, float64 0..1."""
        return pd.DataFrame(
            {label: self.apply_to(str(label), scores[label].to_numpy()) for label in scores}, scores.index
        )

    def apply_to(self, finding: str, probabilities: FloatArray) -> FloatArray:
        """Calibrated probabilities of one label: float64 0..1, the shape of `probabilities` (0..1)."""
        values = np.asarray(probabilities, dtype=np.float64)
        chosen = self.maps.get(finding)
        return values if chosen is None else chosen(values)


def fit_calibration(
    truth: pd.DataFrame, scores: pd.DataFrame, method: CalibrationMethod, *, min_positives: int = 10
) -> Calibration:
    """The maps that make the scores of validation studies probabilities, one a label.

    - platt: slope and intercept on the logit, of largest likelihood against Platt's softened targets
      (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2), so that completely separated classes give a finite slope;
    - temperature: the same with intercept 0;
    - isotonic: the rising step function of least squared error;
    - none: no map at all.

    A label keeps its scores, with the reason in its map, where it has fewer than `min_positives` positives or
    negatives, where all scores are alike, and where a higher score does not mean a higher chance.

    Args:
        truth: validation studies, index study, a column a label: 1, 0, or NaN where not judged.
        scores: index study, the same columns, probabilities 0..1.
        method: how.
        min_positives: below this, or as few negatives, a label keeps its scores.

    Raises:
        ModelError: scores that are missing, or no probabilities.
        ConfigurationError: truth that does not fit.
    """
    if method is CalibrationMethod.NONE:
        return Calibration()
    cohort = gather(truth, {"validation": scores}, None)
    values = cohort.scores["validation"]
    outside = int(((values < 0) | (values > 1)).any(axis=1).sum())
    if outside:
        raise ModelError(f"The scores of {outside} of {len(values)} studies are outside 0..1: no probabilities to fit.")
    maps: dict[str, LogitMap | IsotonicMap] = {}
    for number, label in enumerate(cohort.labels):
        judged = cohort.judged(number)
        if cohort.enough(number, min_positives):
            maps[label] = _fitted(judged, values[judged.rows, number], method)
        else:
            maps[label] = LogitMap(reason=f"fewer than {min_positives} positives or negatives: not calibrated")
    return Calibration(maps=maps)


def _fitted(judged: Judged, scores: FloatArray, method: CalibrationMethod) -> LogitMap | IsotonicMap:
    if not np.ptp(scores):
        return LogitMap(reason="all scores are alike: not calibrated")
    if method is CalibrationMethod.ISOTONIC:
        return _isotonic(judged.truth, scores)
    return _line(judged.truth, scores, shifted=method is CalibrationMethod.PLATT)


def _line(truth: BoolArray, scores: FloatArray, *, shifted: bool) -> LogitMap:
    """The line of largest likelihood; searched on the standardised logit, where every model's scores look alike."""
    logits = np.clip(special.logit(scores), -_FURTHEST, _FURTHEST)
    centre, spread = float(logits.mean()) if shifted else 0.0, float(logits.std())
    standard = (logits - centre) / spread
    positives, negatives = int(truth.sum()), int((~truth).sum())
    targets = np.where(truth, (positives + 1) / (positives + 2), 1 / (negatives + 2))

    def loss(line: FloatArray) -> tuple[float, FloatArray]:
        said = line[0] * standard + line[1]
        rest = special.expit(said) - targets
        gradient = np.array([(rest * standard).mean(), rest.mean()])
        return float((np.logaddexp(0, said) - targets * said).mean()), gradient

    bounds = [(_FLATTEST, None), (None, None) if shifted else (0, 0)]
    found = optimize.minimize(
        loss, np.array([spread, 0.0]), jac=True, method="L-BFGS-B", bounds=bounds, options={"ftol": 1e-15, "gtol": 1e-9}
    ).x
    if found[0] <= _FLATTEST:
        return LogitMap(reason="a higher score does not mean a higher chance: not calibrated")
    slope = float(found[0]) / spread
    return LogitMap(slope=slope, intercept=float(found[1]) - slope * centre)


def _isotonic(truth: BoolArray, scores: FloatArray) -> IsotonicMap:
    from sklearn.isotonic import IsotonicRegression

    fitted = IsotonicRegression(y_min=0, y_max=1).fit(scores, truth.astype(np.float64))
    return IsotonicMap(scores=tuple(fitted.X_thresholds_.tolist()), observed=tuple(fitted.y_thresholds_.tolist()))

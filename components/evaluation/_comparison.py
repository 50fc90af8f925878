"""What a comparison of two models, or the assessment of one, found; undefined figures are NaN with their reason."""

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._operating import OperatingPoint
from components.evaluation._readers import ReaderComparison
from components.evaluation._reliability import CalibrationComparison, Reliability
from components.evaluation._roc import RocCurve
from components.evaluation._subgroups import SubgroupAssessment, SubgroupComparison

_NAN = float("nan")


class LabelVerdict(StrEnum):
    """What the comparison shows for one label, at Holm's adjusted level."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference shown"
    TOO_FEW = "too few positives"


@dataclass(frozen=True, kw_only=True)
class LabelComparison:
    """One label: model a (champion) and model b (candidate) on the same judged studies.

    noninferiority_p: one-sided, of b being worse by the comparison's margin or more.
    """

    label: str
    n: int
    positives: int
    auc_a: float
    auc_a_ci: Interval
    auc_b: float
    auc_b_ci: Interval
    delta: float
    delta_ci: Interval
    delong_z: float
    delong_p: float
    holm_p: float
    verdict: LabelVerdict
    reason: str | None
    roc_a: RocCurve
    roc_b: RocCurve
    auprc_a: float = _NAN
    auprc_a_ci: Interval = UNDEFINED
    auprc_b: float = _NAN
    auprc_b_ci: Interval = UNDEFINED
    noninferiority_p: float = _NAN

    @property
    def judged(self) -> bool:
        """Whether there were positives and negatives enough."""
        return self.verdict is not LabelVerdict.TOO_FEW

    def to_json(self) -> dict[str, Any]:
        """The entry of DESIGN's `compare --out`."""
        return {
            "label": self.label,
            "n": self.n,
            "positives": self.positives,
            "auc_a": _number(self.auc_a),
            "auc_a_ci": _bounds(self.auc_a_ci),
            "auc_b": _number(self.auc_b),
            "auc_b_ci": _bounds(self.auc_b_ci),
            "delta": _number(self.delta),
            "delta_ci": _bounds(self.delta_ci),
            "delong_z": _number(self.delong_z),
            "delong_p": _number(self.delong_p),
            "holm_p": _number(self.holm_p),
            "verdict": self.verdict.value,
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class OverallComparison:
    """The judged labels together: mean AUC of each model, and their difference over resampled patients.

    noninferiority_p: one-sided, of b being worse by the comparison's margin or more.
    """

    judged_labels: int
    mean_auc_a: float
    mean_auc_b: float
    delta: float
    delta_ci: Interval
    bootstrap_p: float
    wilcoxon_p: float
    draws: int
    reason: str | None
    noninferiority_p: float = _NAN

    def to_json(self) -> dict[str, Any]:
        """The `overall` of DESIGN's `compare --out`, with a reason only where something is undefined."""
        found: dict[str, Any] = {
            "mean_auc_a": _number(self.mean_auc_a),
            "mean_auc_b": _number(self.mean_auc_b),
            "delta": _number(self.delta),
            "delta_ci": _bounds(self.delta_ci),
            "wilcoxon_p": _number(self.wilcoxon_p),
        }
        return found if self.reason is None else found | {"reason": self.reason}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Model b (candidate) against model a (champion) on the same studies."""

    labels: tuple[LabelComparison, ...]
    overall: OverallComparison
    studies: int
    patients: int
    alpha: float
    min_positives: int
    seed: int
    noninferiority_margin: float = _NAN
    subgroups: tuple[SubgroupComparison, ...] = ()
    calibration: CalibrationComparison | None = None
    operating: tuple[OperatingPoint, ...] = ()
    readers: tuple[ReaderComparison, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Exactly DESIGN's `compare --out`: undefined figures are None, their reason beside them."""
        return {"labels": [label.to_json() for label in self.labels], "overall": self.overall.to_json()}

    @property
    def noninferior(self) -> bool:
        """Whether b's mean AUC is shown to be no worse than a's by the margin; not where undefined."""
        return self.overall.delta_ci.low > -self.noninferiority_margin

    @property
    def metrics(self) -> dict[str, float]:
        """The candidate's figures by name; NaN where undefined."""
        overall = {"mean_auc": self.overall.mean_auc_b, "mean_auc_delta": self.overall.delta}
        if self.calibration is not None:
            overall |= {"brier": self.calibration.brier_b, "ece": self.calibration.ece_b}
        overall |= {f"auprc/{label.label}": label.auprc_b for label in self.labels}
        return overall | {f"auc/{label.label}": label.auc_b for label in self.labels}


@dataclass(frozen=True, kw_only=True)
class LabelAssessment:
    """One label of one model."""

    label: str
    n: int
    positives: int
    auc: float
    auc_ci: Interval
    judged: bool
    reason: str | None
    roc: RocCurve
    auprc: float = _NAN
    auprc_ci: Interval = UNDEFINED


@dataclass(frozen=True, kw_only=True)
class Assessment:
    """One model alone, where there is no champion to compare it with."""

    labels: tuple[LabelAssessment, ...]
    judged_labels: int
    mean_auc: float
    mean_auc_ci: Interval
    studies: int
    patients: int
    alpha: float
    min_positives: int
    seed: int
    subgroups: tuple[SubgroupAssessment, ...] = ()
    calibration: Reliability | None = None
    operating: tuple[OperatingPoint, ...] = ()
    readers: tuple[ReaderComparison, ...] = ()

    @property
    def metrics(self) -> dict[str, float]:
        """The model's figures by name; NaN where undefined."""
        overall = {"mean_auc": self.mean_auc}
        if self.calibration is not None:
            overall |= {"brier": self.calibration.brier, "ece": self.calibration.ece}
        overall |= {f"auprc/{label.label}": label.auprc for label in self.labels}
        return overall | {f"auc/{label.label}": label.auc for label in self.labels}


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _bounds(interval: Interval) -> list[float] | None:
    return [float(interval.low), float(interval.high)] if math.isfinite(interval.low) else None

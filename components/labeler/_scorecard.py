"""How well the labeller reads reports, judged by the people who read the pictures.

A cell is one finding of one study that people decided as present or absent; the labeller says present or does not
(absent, uncertain and unmentioned all count as not). F1 = 2·TP / (2·TP + FP + FN) rises with p = TP / (TP + FP + FN),
the share of right cells among those that either side calls present: its interval is Wilson's for p (Wilson 1927),
carried over, with the effective number of cells (Korn & Graubard 1998) because a patient's cells resemble each other.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan, nan
from typing import Any

import numpy as np
import pandas as pd

from components.catalog import LabelSource
from components.findings import FINDINGS, Assertion, Finding

_Z = 1.959964  # 95 %
_DECIDED = (0, 1)
_UNKNOWN_MONTH = "unknown"


@dataclass(frozen=True, kw_only=True)
class LabelerScore:
    """F1 of "present" over some cells with its 95 % interval; NaN, with a reason, where nobody says present."""

    judged: int
    present: int
    f1: float
    interval: tuple[float, float]
    precision: float
    sensitivity: float
    reason: str = ""

    def to_json(self) -> dict[str, Any]:
        """The figures; null where undefined."""
        low, high = self.interval
        return {
            "judged": self.judged,
            "present": self.present,
            "f1": _number(self.f1),
            "f1_ci": None if isnan(low) else [low, high],
            "precision": _number(self.precision),
            "sensitivity": _number(self.sensitivity),
            "reason": self.reason,
        }


@dataclass(frozen=True, kw_only=True)
class LabelerScores:
    """The scores of one group of studies: by finding, and over all findings pooled."""

    studies: int
    pooled: LabelerScore
    findings: Mapping[Finding, LabelerScore]

    @property
    def macro_f1(self) -> float:
        """Mean F1 over the findings where it is defined; NaN where it is for none."""
        defined = [score.f1 for score in self.findings.values() if not isnan(score.f1)]
        return sum(defined) / len(defined) if defined else nan

    def to_json(self) -> dict[str, Any]:
        """The figures; null where undefined."""
        return {
            "studies": self.studies,
            "macro_f1": _number(self.macro_f1),
            "pooled": self.pooled.to_json(),
            "findings": {finding.value: score.to_json() for finding, score in self.findings.items()},
        }


@dataclass(frozen=True, kw_only=True)
class LabelerScorecard:
    """The labeller against people: its latest word, the same by month of the report, and each version's word."""

    latest: LabelerScores
    months: Mapping[str, LabelerScores]
    versions: Mapping[str, LabelerScores]

    def to_json(self) -> dict[str, Any]:
        """One document of all figures; null where undefined."""
        return {
            "latest": self.latest.to_json(),
            "months": {month: scores.to_json() for month, scores in self.months.items()},
            "versions": {version: scores.to_json() for version, scores in self.versions.items()},
        }


def score_labeler(*, events: pd.DataFrame, readings: pd.DataFrame, studies: pd.DataFrame) -> LabelerScorecard:
    """The labeller's events judged by people's readings.

    Args:
        events: label events as the catalog gives them; those of other sources than the labeller are passed over.
        readings: what people decided: index `study`, 14 columns of codes (1, 0; others are not judged).
        studies: columns `study`, `patient` and `received`: when its report came, for dates themselves are shifted.
    """
    cells = _said(events).merge(_decided(readings), on=["study", "finding"])
    cells = cells.merge(studies[["study", "patient", "received"]], on="study")
    cells["month"] = cells["received"].dt.strftime("%Y-%m").fillna(_UNKNOWN_MONTH)
    latest = cells.drop_duplicates(["study", "finding"], keep="last")
    return LabelerScorecard(
        latest=_scores(latest),
        months={str(month): _scores(group) for month, group in latest.groupby("month")},
        versions={str(version): _scores(group) for version, group in cells.groupby("author", sort=False)},
    )


def _said(events: pd.DataFrame) -> pd.DataFrame:
    """Each version's latest word on each finding of each study, oldest first: study, finding, author, said."""
    own = events.loc[events["source"] == LabelSource.LABELER.value].sort_values("at", kind="stable")
    own = own.drop_duplicates(["study", "finding", "author"], keep="last")
    return own[["study", "finding", "author"]].assign(said=own["assertion"] == Assertion.PRESENT.value)


def _decided(readings: pd.DataFrame) -> pd.DataFrame:
    """What people called present or absent: study, finding, truth."""
    long = readings[[finding.value for finding in FINDINGS]].rename_axis(index="study", columns="finding").stack()
    long = long[long.isin(_DECIDED)].rename("truth").reset_index()
    return long.assign(truth=long["truth"] == 1)


def _scores(cells: pd.DataFrame) -> LabelerScores:
    return LabelerScores(
        studies=int(cells["study"].nunique()),
        pooled=_score(cells),
        findings={finding: _score(cells[cells["finding"] == finding.value]) for finding in FINDINGS},
    )


def _score(cells: pd.DataFrame) -> LabelerScore:
    said, truth = cells["said"].to_numpy(dtype=bool), cells["truth"].to_numpy(dtype=bool)
    called, right = said | truth, said & truth
    patients = pd.factorize(cells["patient"])[0]
    hits, calls = np.bincount(patients, right), np.bincount(patients, called)
    return LabelerScore(
        judged=len(cells),
        present=int(truth.sum()),
        f1=_f1(_share(right.sum(), called.sum())),
        interval=_interval(hits, calls),
        precision=_share(right.sum(), said.sum()),
        sensitivity=_share(right.sum(), truth.sum()),
        reason="" if called.any() else "Neither people nor the labeller call it present in any study.",
    )


def _interval(hits: np.ndarray, calls: np.ndarray) -> tuple[float, float]:
    """The 95 % interval of F1.

    Args:
        hits: float64 [P], cells that both call present, for each patient.
        calls: float64 [P], cells that either calls present, for each patient.
    """
    count = float(calls.sum())
    if count == 0:
        return nan, nan
    p, size = float(hits.sum()) / count, _effective_size(hits, calls)
    middle, reach = p + _Z**2 / (2 * size), _Z * (p * (1 - p) / size + _Z**2 / (4 * size**2)) ** 0.5
    scale = 1 + _Z**2 / size
    return _f1(max(0.0, (middle - reach) / scale)), _f1(min(1.0, (middle + reach) / scale))


def _effective_size(hits: np.ndarray, calls: np.ndarray) -> float:
    """How many independent cells tell as much as these; where all agree, one a patient."""
    count, patients = float(calls.sum()), int((calls > 0).sum())
    p = float(hits.sum()) / count
    if patients == 1 or p in (0.0, 1.0):
        return float(patients)
    spread = patients / (patients - 1) * float(((hits - p * calls) ** 2).sum()) / count**2
    return min(count, max(1.0, p * (1 - p) / spread)) if spread else count


def _f1(p: float) -> float:
    return 2 * p / (1 + p)


def _share(part: float, whole: float) -> float:
    return float(part) / float(whole) if whole else nan


def _number(value: float) -> float | None:
    return None if isnan(value) else value

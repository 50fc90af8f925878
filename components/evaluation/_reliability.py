"""Whether probabilities mean what they say: Brier score, expected calibration error, reliability curve.

References:
    Brier. Verification of forecasts expressed in terms of probability. Monthly Weather Review 1950;78:1.
    Naeini, Cooper, Hauskrecht. Obtaining well calibrated probabilities using Bayesian binning. AAAI 2015.
    Nixon et al. Measuring calibration in deep learning. CVPR Workshops 2019 (bins of equally many cases).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from components.evaluation._bootstrap import percentile_interval, ratio_draws, strata_of
from components.evaluation._cohort import Cohort, Judged, gather
from components.evaluation._delong import FloatArray, IntArray
from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._proportion import share_interval
from components.settings import GateSettings

_NAN = float("nan")


@dataclass(frozen=True, kw_only=True)
class ReliabilityBin:
    """The studies of neighbouring probabilities: what was said of them, and how many had the finding."""

    studies: int
    mean_score: float
    observed: float
    observed_ci: Interval


@dataclass(frozen=True, kw_only=True)
class LabelReliability:
    """One label of one model; NaN and no bins where undefined, with the reason."""

    label: str
    n: int
    positives: int
    brier: float
    ece: float
    bins: tuple[ReliabilityBin, ...]
    judged: bool
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class Reliability:
    """One model: every label, and the means over the judged ones."""

    labels: tuple[LabelReliability, ...]
    judged_labels: int
    brier: float
    ece: float
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class CalibrationComparison:
    """Model b (candidate) against model a (champion): a difference below 0 is a better Brier score of b."""

    a: Reliability
    b: Reliability
    delta_brier: float
    delta_brier_ci: Interval
    reason: str | None

    @property
    def brier_a(self) -> float:
        """Mean Brier score of model a over the judged labels."""
        return self.a.brier

    @property
    def brier_b(self) -> float:
        """Mean Brier score of model b over the judged labels."""
        return self.b.brier

    @property
    def ece_a(self) -> float:
        """Mean expected calibration error of model a over the judged labels."""
        return self.a.ece

    @property
    def ece_b(self) -> float:
        """Mean expected calibration error of model b over the judged labels."""
        return self.b.ece


def reliability(
    truth: pd.DataFrame, scores: pd.DataFrame, *, patients: pd.Series | None = None, settings: GateSettings
) -> Reliability:
    """Brier score, ECE and reliability curve of one model. Arguments and refusals as in `compare`.

    Brier score: the mean of (probability - truth)², 0 best; a label of prevalence q that is always given q has
    q (1 - q). ECE: the mean over bins, weighted by their studies, of |mean probability - observed share|; the bins hold
    equally many studies, equal probabilities together. Its noise alone makes it larger than 0.

    Undefined (NaN, with the reason) for a model with a score outside 0..1, for a label without a judged study, and for
    the means where no label is judged.
    """
    cohort = gather(truth, {"A": scores}, patients)
    return cohort_reliability(cohort, "A", settings)


def cohort_reliability(cohort: Cohort, model: str, settings: GateSettings) -> Reliability:
    """`reliability` of one of a cohort's models."""
    scores = cohort.scores[model]
    outside = int(((scores < 0) | (scores > 1)).any(axis=1).sum())
    why = f"{outside} of {len(scores)} studies have a score outside 0..1: no probabilities" if outside else None
    labels = tuple(_label(cohort, model, number, why=why, settings=settings) for number in range(len(cohort.labels)))
    judged = [label for label in labels if label.judged]
    return Reliability(
        labels=labels,
        judged_labels=len(judged),
        brier=float(np.mean([label.brier for label in judged])) if judged else _NAN,
        ece=float(np.mean([label.ece for label in judged])) if judged else _NAN,
        reason=why or (None if judged else f"no label has {settings.min_positives} positives and negatives"),
    )


def compare_calibration(cohort: Cohort, settings: GateSettings, *, seed: int) -> CalibrationComparison:
    """Both models' reliability, and their mean Brier scores' difference with a patient-level bootstrap interval."""
    a, b = (cohort_reliability(cohort, model, settings) for model in ("A", "B"))
    reason = next((f"{name}: {one.reason}" for name, one in (("A", a), ("B", b)) if one.reason), None)
    delta, interval = _NAN, UNDEFINED
    if reason is None:
        delta = b.brier - a.brier
        judged = [number for number, label in enumerate(a.labels) if label.judged]
        draws = _brier_draws(cohort, judged, draws=settings.bootstrap_draws, seed=seed)
        interval = percentile_interval(draws, settings.alpha, asked=settings.bootstrap_draws)
    return CalibrationComparison(a=a, b=b, delta_brier=delta, delta_brier_ci=interval, reason=reason)


def _brier_draws(cohort: Cohort, labels: Sequence[int], *, draws: int, seed: int) -> FloatArray:
    """Mean over labels of Brier b - Brier a in each draw of patients, float64 [D]."""
    truth = cohort.truth[:, labels]
    a, b = ((cohort.scores[model][:, labels] - truth) ** 2 for model in ("A", "B"))
    known = ~np.isnan(truth)
    sums, counts = (_by_patient(values, cohort.patients) for values in (np.where(known, b - a, 0), known))
    return ratio_draws(sums, counts, strata=strata_of(truth, cohort.patients), draws=draws, seed=seed)


def _by_patient(values: FloatArray, patients: IntArray) -> FloatArray:
    """Sums over each patient's studies, float64 [P, L]."""
    return np.stack([np.bincount(patients, weights=column) for column in values.T], axis=1)


def _label(cohort: Cohort, model: str, number: int, *, why: str | None, settings: GateSettings) -> LabelReliability:
    judged = cohort.judged(number)
    enough = cohort.enough(number, settings.min_positives)
    few = None if enough else f"fewer than {settings.min_positives} positives or negatives: not judged"
    defined = why is None and judged.truth.size > 0
    scores = cohort.scores[model][judged.rows, number]
    bins = _bins(judged, scores, settings) if defined else ()
    away = [found.studies * abs(found.mean_score - found.observed) for found in bins]
    return LabelReliability(
        label=cohort.labels[number],
        n=judged.truth.size,
        positives=int(judged.truth.sum()),
        brier=float(((scores - judged.truth) ** 2).mean()) if defined else _NAN,
        ece=sum(away) / judged.truth.size if defined else _NAN,
        bins=bins,
        judged=defined and enough,
        reason="; ".join(reason for reason in (why, few) if reason) or None,
    )


def _bins(judged: Judged, scores: FloatArray, settings: GateSettings) -> tuple[ReliabilityBin, ...]:
    """Bins of equally many studies in order of their probability; equal ones lie in the first bin they reach."""
    place = (stats.rankdata(scores, method="min").astype(np.int64) - 1) * settings.reliability_bins // scores.size
    found = []
    for number in np.unique(place):
        inside = place == number
        hits = judged.truth[inside]
        owners = None if judged.patients is None else judged.patients[inside]
        found.append(
            ReliabilityBin(
                studies=hits.size,
                mean_score=float(scores[inside].mean()),
                observed=float(hits.mean()),
                observed_ci=share_interval(hits, owners, settings.alpha),
            )
        )
    return tuple(found)

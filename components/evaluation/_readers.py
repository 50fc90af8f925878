"""The model against the people who read the same studies, each at their own operating point.

A reader says yes or no and is a point on the ROC picture; the model is a curve. The model's sensitivity is taken where
its specificity is the reader's, and its specificity where its sensitivity is the reader's. Each difference is compared
with a margin, per reader with a patient-level bootstrap, and for readers in general with the test of a standalone
algorithm against readers, in which readers and patients both vary.

References:
    Obuchowski, Rockette. Hypothesis testing of diagnostic accuracy for multiple readers and multiple tests.
        Communications in Statistics 1995;24:285.
    Hillis, Obuchowski, Schartz, Berbaum. A comparison of the Dorfman-Berbaum-Metz and Obuchowski-Rockette methods.
        Statistics in Medicine 2005;24:1579 (equation 23; single treatment, random readers, random cases).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from components.errors import ConfigurationError
from components.evaluation._bootstrap import one_sided_p, percentile_interval
from components.evaluation._cohort import Cohort, gather, numbers, refuse_repeats
from components.evaluation._delong import FloatArray
from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._proportion import share_interval
from components.evaluation._reader_points import Points, reader_points
from components.settings import GateSettings

_NAN = float("nan")
_SEVERAL = 2


@dataclass(frozen=True, kw_only=True)
class ReaderComparison:
    """One label: the model at one reader's operating point, or at all readers' (`reader` is None: their mean).

    sensitivity, specificity: the reader's; (1 - specificity, sensitivity) is the point on the ROC picture.
    model_sensitivity: the model's, at the reader's specificity. model_specificity: at the reader's sensitivity.
    sensitivity_delta, specificity_delta: model minus reader.
    sensitivity_p, specificity_p: one-sided, that the model is worse by `margin` or more.
    noninferior: the lower bounds of both differences lie above -margin.
    Figures are NaN where undefined, with the reason.
    """

    label: str
    reader: str | None
    n: int
    positives: int
    sensitivity: float = _NAN
    sensitivity_ci: Interval = UNDEFINED
    specificity: float = _NAN
    specificity_ci: Interval = UNDEFINED
    model_sensitivity: float = _NAN
    sensitivity_delta: float = _NAN
    sensitivity_delta_ci: Interval = UNDEFINED
    sensitivity_p: float = _NAN
    model_specificity: float = _NAN
    specificity_delta: float = _NAN
    specificity_delta_ci: Interval = UNDEFINED
    specificity_p: float = _NAN
    margin: float
    reason: str | None = None

    @property
    def noninferior(self) -> bool:
        """Whether the model is shown to be no worse than the reader by the margin, in both respects."""
        return min(self.sensitivity_delta_ci.low, self.specificity_delta_ci.low) > -self.margin


def against_readers(  # noqa: PLR0913  truth, a model, the readers, and how to judge
    truth: pd.DataFrame,
    scores: pd.DataFrame,
    readers: Mapping[str, pd.DataFrame],
    *,
    patients: pd.Series | None = None,
    settings: GateSettings,
    seed: int,
) -> tuple[ReaderComparison, ...]:
    """The model against each reader and, of two or more, against their mean, on the studies that all of them read.

    For each label that truth, scores and all readers have, one entry a reader and one of `reader` None. A label with
    fewer than `min_positives` positives or negatives among those studies is undefined.

    Args:
        truth, scores, patients: as in `compare`; the truth must not come from these readers.
        readers: reader's name → index study, a column a label: 1, 0, or NaN where the reader said neither.
        settings: alpha, min_positives, bootstrap_draws, reader_margin.
        seed: of the bootstrap.

    Raises:
        ConfigurationError: readings that are not 1, 0 or empty, no reader, or no label in common.
        ModelError: scores that are missing or no numbers.
    """
    shared = [label for label in truth.columns if readers and all(label in read.columns for read in readers.values())]
    if not shared:
        raise ConfigurationError("Readers and truth have no label in common; name the labels alike in every file.")
    cohort = gather(truth[shared], {"A": scores}, patients)
    calls = {name: _aligned(read, cohort) for name, read in readers.items()}
    found: list[ReaderComparison] = []
    for number in range(len(cohort.labels)):
        found += _label(cohort, number, calls, settings=settings, seed=seed)
    return tuple(found)


def _aligned(read: pd.DataFrame, cohort: Cohort) -> FloatArray:
    """One reader's calls in the cohort's order, float64 [N, L], NaN where not read."""
    refuse_repeats(read.index, "A reader's calls")
    values = numbers(read.reindex(cohort.studies)[list(cohort.labels)], "A reader's calls")
    if not np.isin(values[~np.isnan(values)], (0, 1)).all():
        raise ConfigurationError("A reader's calls must be 1, 0 or empty in every cell. Got other numbers instead.")
    return values


def _label(
    cohort: Cohort, number: int, calls: Mapping[str, FloatArray], *, settings: GateSettings, seed: int
) -> list[ReaderComparison]:
    said = np.stack([table[:, number] for table in calls.values()], axis=1)
    rows = np.flatnonzero(~np.isnan(said).any(axis=1) & ~np.isnan(cohort.truth[:, number]))
    part = cohort.part(rows)
    entries = _undefined(part, number, [*calls, *([None] if len(calls) >= _SEVERAL else [])], settings)
    if not part.enough(number, settings.min_positives):
        return entries
    truth, called, scores = part.truth[:, number] == 1, said[rows] == 1, part.scores["A"][:, number]
    for name, turned in (
        ("sensitivity", (truth, scores, called)),
        ("specificity", (~truth, -scores, ~called)),
    ):
        of, _, hits = turned
        found = reader_points(*turned, patients=part.patients, draws=settings.bootstrap_draws, seed=seed)
        owners = part.patients[of] if part.clustered else None
        for j in range(len(calls)):
            own = share_interval(hits[of, j], owners, settings.alpha)
            entries[j] = replace(entries[j], reason=None, **_figures(name, found, j, own, settings))
        if len(entries) > len(calls):
            entries[-1] = replace(entries[-1], reason=None, **_mean_figures(name, found, settings))
    return entries


def _undefined(
    part: Cohort, number: int, readers: Sequence[str | None], settings: GateSettings
) -> list[ReaderComparison]:
    """An entry for each reader as it stays where too few studies were read."""
    truth = part.truth[:, number]
    return [
        ReaderComparison(
            label=part.labels[number],
            reader=reader,
            n=truth.size,
            positives=int(truth.sum()),
            margin=settings.reader_margin,
            reason=f"too few: fewer than {settings.min_positives} positives or negatives that all readers read",
        )
        for reader in readers
    ]


def _figures(name: str, points: Points, reader: int, own: Interval, settings: GateSettings) -> dict[str, Any]:
    """One reader's sensitivity or specificity, the model's there, and their difference by the bootstrap."""
    differences = points.model_draws[:, reader] - points.readers_draws[:, reader]
    delta_ci = percentile_interval(differences, settings.alpha, asked=settings.bootstrap_draws)
    return {
        name: float(points.readers[reader]),
        f"{name}_ci": own,
        f"model_{name}": float(points.model[reader]),
        f"{name}_delta": float(points.model[reader] - points.readers[reader]),
        f"{name}_delta_ci": delta_ci,
        f"{name}_p": one_sided_p(differences, settings.reader_margin) if np.isfinite(delta_ci.low) else _NAN,
    }


def _mean_figures(name: str, points: Points, settings: GateSettings) -> dict[str, Any]:
    """The readers' mean, the model's, and their difference, for readers and patients like these."""
    own = _random_readers(points.readers, points.readers_draws)
    low, high = own.interval(settings.alpha)
    difference = _random_readers(points.model - points.readers, points.model_draws - points.readers_draws)
    return {
        name: own.mean,
        f"{name}_ci": Interval(max(0.0, low), min(1.0, high)),
        f"model_{name}": float(points.model.mean()),
        f"{name}_delta": difference.mean,
        f"{name}_delta_ci": difference.interval(settings.alpha),
        f"{name}_p": difference.p_at_most(-settings.reader_margin),
    }


@dataclass(frozen=True)
class _ReadersMean:
    """A mean over readers, its standard error and degrees of freedom where readers and patients vary."""

    mean: float
    error: float
    freedom: float

    def interval(self, alpha: float) -> Interval:
        reach = float(stats.t.isf(alpha / 2, self.freedom)) * self.error
        return Interval(self.mean - reach, self.mean + reach)

    def p_at_most(self, bound: float) -> float:
        """One-sided, of a true mean at most `bound`."""
        if self.error == 0:
            return float(self.mean <= bound)
        return float(stats.t.sf((self.mean - bound) / self.error, self.freedom))


def _random_readers(values: FloatArray, draws: FloatArray) -> _ReadersMean:
    """Obuchowski and Rockette's model with one treatment: Var = (MS(R) + J max(Cov, 0)) / J, Hillis' freedom.

    Args:
        values: float64 [J], one figure a reader.
        draws: float64 [D, J], the same in draws of patients, from which comes the covariance between readers.
    """
    count = values.size
    between = float(values.var(ddof=1))
    covariance = np.cov(draws, rowvar=False)
    shared = max(0.0, float(covariance[~np.eye(count, dtype=bool)].mean()))
    whole = between + count * shared
    freedom = (count - 1) * (whole / between) ** 2 if between > 0 else np.inf
    return _ReadersMean(mean=float(values.mean()), error=float(np.sqrt(whole / count)), freedom=freedom)

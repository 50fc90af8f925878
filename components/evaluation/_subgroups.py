"""Whether the difference holds for every kind of patient and picture."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.catalog import LabelSource
from components.errors import ConfigurationError
from components.evaluation._bootstrap import cohort_draws, percentile_interval
from components.evaluation._cohort import Cohort
from components.evaluation._delong import FloatArray, area
from components.evaluation._interval import Interval
from components.settings import Attribute, GateSettings

_NAN = float("nan")
_NOT_STATED = "not stated"
_AGES = (18, 40, 60, 80)
_BANDS = ("under 18", "18 to 39", "40 to 59", "60 to 79", "80 and over")
_REPORT, _READER = "report", "reader"


@dataclass(frozen=True, kw_only=True)
class SubgroupComparison:
    """Both models on the studies of one group; NaN where too few, with the reason.

    fewest: the smallest number of positives or negatives that a judged label has here; 0 where none is judged.
    """

    attribute: Attribute
    group: str
    studies: int
    patients: int
    judged_labels: int
    fewest: int
    mean_auc_a: float
    mean_auc_b: float
    delta: float
    delta_ci: Interval
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class SubgroupAssessment:
    """One model on the studies of one group; NaN where too few, with the reason. `fewest` as in SubgroupComparison."""

    attribute: Attribute
    group: str
    studies: int
    patients: int
    judged_labels: int
    fewest: int
    mean_auc: float
    mean_auc_ci: Interval
    reason: str | None


def subgroup_frame(rows: pd.DataFrame) -> pd.DataFrame:
    """What each study is grouped by.

    Args:
        rows: a snapshot's manifest rows, one an image: study, view, sex, age, manufacturer, source, and patient_class
            (in- or outpatient) where it is known.

    Returns:
        Index study, sorted; columns by `Attribute`: sex; age_band; view (of all the study's rows, as "AP" or "AP, PA");
        manufacturer; label_source ("report", or "reader" where people labelled it); patient_class where any row has it.
        Missing is "not stated".
    """
    of_study = rows.drop_duplicates("study").set_index("study").sort_index()
    views = rows.groupby("study")["view"].agg(lambda seen: ", ".join(sorted(set(seen))))
    columns = {
        Attribute.SEX: of_study["sex"],
        Attribute.AGE_BAND: _age_bands(of_study["age"]),
        Attribute.VIEW: views.reindex(of_study.index),
        Attribute.MANUFACTURER: of_study["manufacturer"],
        Attribute.LABEL_SOURCE: (of_study["source"] == LabelSource.LABELER.value).map({True: _REPORT, False: _READER}),
    }
    if Attribute.PATIENT_CLASS in of_study and of_study[Attribute.PATIENT_CLASS.value].notna().any():
        columns[Attribute.PATIENT_CLASS] = of_study[Attribute.PATIENT_CLASS.value]
    frame = pd.DataFrame({attribute.value: column for attribute, column in columns.items()}, index=of_study.index)
    return frame.astype(object).where(frame.notna() & (frame != ""), _NOT_STATED)


def _age_bands(ages: pd.Series) -> pd.Series:
    years = pd.to_numeric(ages, errors="coerce")
    bands = pd.Series(np.array(_BANDS, dtype=object)[np.searchsorted(_AGES, years.fillna(0), side="right")], ages.index)
    return bands.where(years.notna())


def compare_subgroups(
    cohort: Cohort, groups: pd.DataFrame, settings: GateSettings, *, seed: int
) -> tuple[SubgroupComparison, ...]:
    """Mean AUC of models A and B, and their difference with a patient-level bootstrap interval, in every group.

    A label counts in a group where the group has positives and negatives enough (`min_positives`). Where none has, the
    figures are undefined, with the reason.

    Args:
        cohort: both models on all studies.
        groups: index study, a column an `Attribute`, as `subgroup_frame` gives it.
        settings: alpha, min_positives, bootstrap_draws.
        seed: of the bootstrap.

    Raises:
        ConfigurationError: a column is no attribute, or a study has no row.
    """
    return tuple(_compared(part, settings, seed) for part in _parts(cohort, groups, settings))


def assess_subgroups(
    cohort: Cohort, groups: pd.DataFrame, settings: GateSettings, *, seed: int
) -> tuple[SubgroupAssessment, ...]:
    """Mean AUC of model A in every group; arguments and undefined cases as in `compare_subgroups`."""
    return tuple(_assessed(part, settings, seed) for part in _parts(cohort, groups, settings))


@dataclass(frozen=True, kw_only=True)
class _Part:
    """The studies of one group."""

    attribute: Attribute
    group: str
    cohort: Cohort
    judged: list[int]  # labels with positives and negatives enough

    @property
    def fewest(self) -> int:
        return min((self.cohort.smaller_class(label) for label in self.judged), default=0)

    def mean_auc(self, model: str) -> float:
        """Over the judged labels; NaN without any."""
        return float(np.mean([self._auc(model, label) for label in self.judged])) if self.judged else _NAN

    def _auc(self, model: str, label: int) -> float:
        judged = self.cohort.judged(label)
        return area(judged.truth, self.cohort.scores[model][judged.rows, label]).auc

    def draws(self, models: Sequence[str], settings: GateSettings, seed: int) -> FloatArray:
        """Mean AUC of each model in each draw of patients, float64 [D, models]."""
        if not self.judged:
            return np.empty((0, len(models)))
        return cohort_draws(self.cohort, self.judged, names=models, draws=settings.bootstrap_draws, seed=seed)

    def reason(self, interval: Interval, settings: GateSettings) -> str | None:
        if not self.judged:
            return f"too few: no label has {settings.min_positives} positives and negatives here"
        return None if np.isfinite(interval.low) else "too few: most draws of patients lose a class"


def _compared(part: _Part, settings: GateSettings, seed: int) -> SubgroupComparison:
    draws = part.draws(("A", "B"), settings, seed)
    interval = percentile_interval(draws[:, 1] - draws[:, 0], settings.alpha, asked=settings.bootstrap_draws)
    mean_auc_a, mean_auc_b = part.mean_auc("A"), part.mean_auc("B")
    return SubgroupComparison(
        attribute=part.attribute,
        group=part.group,
        studies=len(part.cohort.truth),
        patients=part.cohort.patient_count,
        judged_labels=len(part.judged),
        fewest=part.fewest,
        mean_auc_a=mean_auc_a,
        mean_auc_b=mean_auc_b,
        delta=mean_auc_b - mean_auc_a,
        delta_ci=interval,
        reason=part.reason(interval, settings),
    )


def _assessed(part: _Part, settings: GateSettings, seed: int) -> SubgroupAssessment:
    draws = part.draws(("A",), settings, seed)
    interval = percentile_interval(draws[:, 0], settings.alpha, asked=settings.bootstrap_draws)
    return SubgroupAssessment(
        attribute=part.attribute,
        group=part.group,
        studies=len(part.cohort.truth),
        patients=part.cohort.patient_count,
        judged_labels=len(part.judged),
        fewest=part.fewest,
        mean_auc=part.mean_auc("A"),
        mean_auc_ci=interval,
        reason=part.reason(interval, settings),
    )


def _parts(cohort: Cohort, groups: pd.DataFrame, settings: GateSettings) -> Iterator[_Part]:
    """Every group, by attribute as the columns stand, then by name."""
    unknown = [column for column in groups.columns if column not in set(Attribute)]
    if unknown:
        raise ConfigurationError(
            f"Studies are grouped by {', '.join(Attribute)}. Got {len(unknown)} other columns instead."
        )
    missing = int((~cohort.studies.isin(groups.index)).sum())
    if missing:
        raise ConfigurationError(f"{missing} of {len(cohort.studies)} studies have no row among the groups.")
    for column in groups.columns:
        names = groups.loc[cohort.studies, column].fillna(_NOT_STATED).astype(str).to_numpy()
        for name in np.unique(names):
            part = cohort.part(np.flatnonzero(names == name))
            judged = [label for label in range(len(part.labels)) if part.enough(label, settings.min_positives)]
            yield _Part(attribute=Attribute(column), group=str(name), cohort=part, judged=judged)

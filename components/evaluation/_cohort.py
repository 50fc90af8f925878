"""The judged studies: truth and scores brought into one order, or refused with the count of what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.errors import ConfigurationError, ModelError
from components.evaluation._delong import BoolArray, FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One label's judged studies."""

    rows: IntArray  # of the cohort
    truth: BoolArray  # [n]
    patients: IntArray | None  # [n]


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Truth and scores of the same studies in the same order (by study, so that any input order gives the same)."""

    studies: pd.Index  # [N]
    labels: tuple[str, ...]
    truth: FloatArray  # [N, L] 1, 0, NaN = not judged
    scores: Mapping[str, FloatArray]  # model → [N, L], finite
    patients: IntArray  # [N] 0..P-1
    clustered: bool  # whether a patient has several studies

    @property
    def patient_count(self) -> int:
        """How many patients the studies are of."""
        return int(self.patients.max()) + 1

    def judged(self, label: int) -> Judged:
        """The studies that have a truth for this label."""
        rows = np.flatnonzero(~np.isnan(self.truth[:, label]))
        patients = self.patients[rows] if self.clustered else None
        return Judged(rows=rows, truth=self.truth[rows, label] == 1, patients=patients)

    def enough(self, label: int, at_least: int) -> bool:
        """Whether the label has at least this many positives, and as many negatives."""
        return self.smaller_class(label) >= at_least

    def smaller_class(self, label: int) -> int:
        """The label's positives or its negatives, whichever are fewer."""
        truth = self.truth[:, label]
        return min(int((truth == 1).sum()), int((truth == 0).sum()))

    def part(self, rows: IntArray) -> "Cohort":
        """The cohort of some of the studies."""
        patients = np.unique(self.patients[rows], return_inverse=True)[1]
        return Cohort(
            studies=self.studies[rows],
            labels=self.labels,
            truth=self.truth[rows],
            scores={name: values[rows] for name, values in self.scores.items()},
            patients=np.asarray(patients, dtype=np.int64),
            clustered=np.unique(patients).size < patients.size,
        )


def gather(truth: pd.DataFrame, scores: Mapping[str, pd.DataFrame], patients: pd.Series | None) -> Cohort:
    """The cohort of truth's studies and labels.

    Args:
        truth: index study, a column a label: 1, 0, or NaN where not judged.
        scores: model's name → index study, at least truth's columns, finite numbers. Studies without truth are left
            out.
        patients: index study → patient; None when each study is a patient of its own.

    Raises:
        ConfigurationError: truth or patients that do not fit.
        ModelError: scores that are missing or no numbers.
    """
    if truth.empty:
        raise ConfigurationError("The truth holds no study or no label: there is nothing to compare.")
    refuse_repeats(truth.index, "The truth")
    ordered = truth.sort_index()
    values = numbers(ordered, "The truth")
    if not np.isin(values[~np.isnan(values)], (0, 1)).all():
        raise ConfigurationError("The truth must be 1, 0 or empty in every cell. Got other numbers instead.")
    codes = _patient_codes(ordered.index, patients)
    return Cohort(
        studies=ordered.index,
        labels=tuple(str(label) for label in ordered.columns),
        truth=values,
        scores={name: _aligned(name, table, ordered) for name, table in scores.items()},
        patients=codes,
        clustered=np.unique(codes).size < codes.size,
    )


def _aligned(name: str, table: pd.DataFrame, truth: pd.DataFrame) -> FloatArray:
    whose = f"The scores of model {name}"
    refuse_repeats(table.index, whose)
    absent = [label for label in truth.columns if label not in table.columns]
    if absent:
        raise ModelError(f"{whose} lack {len(absent)} of {truth.shape[1]} labels, {absent[0]} first.")
    missing = int((~truth.index.isin(table.index)).sum())
    if missing:
        raise ModelError(f"{whose} lack {missing} of {len(truth)} judged studies; both models must score all of them.")
    values = numbers(table.loc[truth.index, truth.columns], whose)
    wrong = int((~np.isfinite(values)).any(axis=1).sum())
    if wrong:
        raise ModelError(f"{whose} are not a finite number in {wrong} of {len(truth)} studies; nothing is compared.")
    return values


def numbers(table: pd.DataFrame, whose: str) -> FloatArray:
    """The table as float64, empty cells NaN; refused where a cell is text."""
    try:
        return np.asarray(table.to_numpy(dtype=np.float64, na_value=np.nan))
    except (TypeError, ValueError):
        raise ConfigurationError(f"{whose} must be numbers. Got text in some cells instead.") from None


def refuse_repeats(index: pd.Index, whose: str) -> None:
    """Refuses an index that names a study twice, or leaves one without a name."""
    repeated = int(index.duplicated().sum())
    if repeated or index.hasnans:
        problem = f"name {repeated} studies more than once" if repeated else "leave a study without a name"
        raise ConfigurationError(f"{whose} {problem}; one row a study is expected.")


def _patient_codes(studies: pd.Index, patients: pd.Series | None) -> IntArray:
    if patients is None:
        return np.arange(len(studies), dtype=np.int64)
    refuse_repeats(patients.index, "The patients")
    named = patients.reindex(studies)
    unknown = int(named.isna().sum())
    if unknown:
        raise ConfigurationError(f"The patient of {unknown} of {len(studies)} studies is not given.")
    codes, _ = pd.factorize(named, sort=True)
    return np.asarray(codes, dtype=np.int64)

"""What goes into the catalog: one frozen record a kind, pseudonyms only."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum
from typing import Any

from components.findings import Assertion, Finding


class View(StrEnum):
    """The projection of one radiograph (DICOM View Position)."""

    PA = "PA"
    AP = "AP"
    LATERAL = "LATERAL"
    UNKNOWN = "UNKNOWN"

    @property
    def is_frontal(self) -> bool:
        """Whether the beam passed from back to front or front to back."""
        return self in (View.PA, View.AP)


class Side(StrEnum):
    """The side of the split on which a patient stays for ever."""

    TRAIN = "train"
    VALIDATION = "validation"
    TEST = "test"


class LabelSource(StrEnum):
    """Who asserted a label: the report labeller or a person."""

    LABELER = "labeler"
    READER = "reader"


class ReportStatus(StrEnum):
    """How far a report is; HL7's letters (OBR-25) P, F, C and X are understood as well."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """One imaging study; `date` is shifted, `age` in years with 90 for everybody older than 89."""

    study: str
    patient: str
    accession: str | None
    site: str
    date: date | None
    age: int | None
    sex: str | None
    modality: str
    manufacturer: str | None


@dataclass(frozen=True, kw_only=True)
class ImageRecord:
    """One radiograph; the keys say where in the store its files lie, sha256 is of the de-identified file."""

    image: str
    study: str
    view: View
    dicom_key: str
    input_key: str
    rows: int
    columns: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class ReportRecord:
    """One version of one report, de-identified; `study` is None while its images have not come.

    A later version (another status or another text) has the same `report` and is kept beside the earlier one.
    """

    report: str
    patient: str
    accession: str | None
    study: str | None
    site: str
    date: date | None
    status: str
    findings: str
    impression: str
    received: datetime

    def __post_init__(self) -> None:
        _must_be_aware("received", self.received)


@dataclass(frozen=True, kw_only=True)
class LabelEvent:
    """One author's assertion on one finding of one study; the same `key` is never stored twice."""

    study: str
    finding: Finding
    assertion: Assertion
    source: LabelSource
    author: str
    at: datetime
    key: str

    def __post_init__(self) -> None:
        _must_be_aware("at", self.at)


@dataclass(frozen=True, kw_only=True)
class Prediction:
    """One model version's probability (0..1) of one finding in one study."""

    study: str
    model_version: str
    finding: Finding
    probability: float

    def __post_init__(self) -> None:
        if not 0 <= self.probability <= 1:
            raise ValueError(f"The 'probability' of a prediction must be 0..1. Got {self.probability!r} instead.")


@dataclass(frozen=True, kw_only=True)
class RelabelTask:
    """One study in the reading queue; `task` is its number on the reading server."""

    study: str
    project: str
    task: int
    pushed_at: datetime

    def __post_init__(self) -> None:
        _must_be_aware("pushed_at", self.pushed_at)


Record = StudyRecord | ImageRecord | ReportRecord | LabelEvent | Prediction | RelabelTask


def as_row(record: Record) -> dict[str, Any]:
    """The record as column → value, enums as their string values."""
    return {name: value.value if isinstance(value, Enum) else value for name, value in vars(record).items()}


def _must_be_aware(name: str, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"The '{name}' of a record must be a datetime with a time zone. Got one without instead.")

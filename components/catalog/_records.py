"""What goes into the catalog: one frozen record a kind, pseudonyms only."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as TimeOfDay
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
    """Who asserted a label: the report labeller, a reader, or a reader whose word decides between others."""

    LABELER = "labeler"
    READER = "reader"
    ADJUDICATOR = "adjudicator"

    @property
    def is_person(self) -> bool:
        """Whether a radiologist said it."""
        return self is not LabelSource.LABELER


class ImageQuality(StrEnum):
    """How good a readable picture is, in a reader's eyes."""

    GOOD = "good"
    LIMITED = "limited"


class ReportStatus(StrEnum):
    """How far a report is; HL7's letters (OBR-25) P, F, C and X are understood as well."""

    PRELIMINARY = "preliminary"
    FINAL = "final"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


class PatientClass(StrEnum):
    """Where the patient was when the examination was asked for."""

    INPATIENT = "inpatient"
    OUTPATIENT = "outpatient"
    EMERGENCY = "emergency"


@dataclass(frozen=True, kw_only=True)
class StudyRecord:
    """One imaging study; `date` is shifted, `time` as written, `age` in years with 90 for everybody older than 89."""

    study: str
    patient: str
    accession: str | None
    site: str
    date: date | None
    age: int | None
    sex: str | None
    modality: str
    manufacturer: str | None
    time: TimeOfDay | None = None


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
    `date` and `time` are the examination's, `issued` is the version's own moment; days are shifted.
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
    time: TimeOfDay | None = None
    issued: datetime | None = None
    patient_class: PatientClass | None = None

    def __post_init__(self) -> None:
        _must_be_aware("received", self.received)
        if self.issued is not None:
            _must_be_aware("issued", self.issued)


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
class Box:
    """Where a finding lies: a rectangle from its upper left corner, all four as shares (0..1) of the picture."""

    finding: Finding
    x: float
    y: float
    width: float
    height: float

    def __post_init__(self) -> None:
        if not all(0 <= share <= 1 for share in (self.x, self.y, self.width, self.height)):
            raise ValueError("The corners of a box must be shares of the picture, 0..1.")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One saved version of one reader's form: what it says of the picture. The same `key` is never stored twice.

    What it says of findings are label events. `wrong_view`: the picture is of another view than the header says.
    `withdrawn`: the reader took the whole form back.
    """

    study: str
    image: str
    author: str
    at: datetime
    key: str
    quality: ImageQuality | None
    readable: bool
    wrong_view: bool
    withdrawn: bool
    boxes: tuple[Box, ...]

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


Record = StudyRecord | ImageRecord | ReportRecord | LabelEvent | Reading | Prediction | RelabelTask


def as_row(record: Record) -> dict[str, Any]:
    """The record as column → value, enums as their string values, boxes as JSON."""
    return {name: _plain(value) for name, value in vars(record).items()}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return json.dumps([vars(box) for box in value])
    return value.value if isinstance(value, Enum) else value


def _must_be_aware(name: str, moment: datetime) -> None:
    if moment.tzinfo is None:
        raise ValueError(f"The '{name}' of a record must be a datetime with a time zone. Got one without instead.")

"""One report as it came, whatever the route: what every kind of report source has to fill."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto

from components.catalog import PatientClass, ReportStatus
from components.deidentify import parse_date
from components.intake._reason import Reason, refused
from components.labeler import Sections, split_sections

SHORTEST_NUMBER = 5
"""A shorter number is not looked for in the text: it would be found everywhere."""
_LONGEST_TEXT = 1 << 18
_STATUSES = {
    "f": ReportStatus.FINAL, "final": ReportStatus.FINAL, "": ReportStatus.FINAL, "signed": ReportStatus.FINAL,
    "v": ReportStatus.FINAL, "u": ReportStatus.FINAL,
    **dict.fromkeys(("p", "r", "i", "s", "a", "o", "preliminary", "prelim", "partial", "draft", "registered"),
                    ReportStatus.PRELIMINARY),
    **dict.fromkeys(("c", "b", "corrected", "amended", "addendum", "appended", "modified"), ReportStatus.CORRECTED),
    **dict.fromkeys(("x", "d", "w", "withdrawn", "cancelled", "canceled", "deleted", "entered-in-error"),
                    ReportStatus.WITHDRAWN),
}  # fmt: skip
_CLASSES = {
    **dict.fromkeys(("i", "inpatient"), PatientClass.INPATIENT),
    **dict.fromkeys(("o", "outpatient"), PatientClass.OUTPATIENT),
    **dict.fromkeys(("e", "emergency"), PatientClass.EMERGENCY),
}
# What can be in no text: control characters (PostgreSQL refuses NUL) and halves of a character (no encoding takes one).
_UNREADABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_MOMENT = re.compile(
    r"(\d{4})-?(\d{2})-?(\d{2})[T ]?(?:(\d{2}):?(\d{2})(?::?(\d{2}))?(?:[.,]\d+)?)?\s*(Z|[+-]\d{2}:?\d{2})?"
)
_PERSON_ID_TYPES = ("MR", "MRN", "PI", "PT")


class Part(Enum):
    """Which section of a report a piece of its text belongs to; WHOLE goes by the headings in the text itself."""

    WHOLE = auto()
    FINDINGS = auto()
    IMPRESSION = auto()
    ASIDE = auto()


@dataclass(frozen=True, kw_only=True)
class ReportMessage:
    """One version of one report with its originals; nothing of it shows in repr.

    `day` and `clock` (time of day) are the examination's, local as written; `issued` is when this version was made
    (UTC), by which versions that come in any order are put in theirs.
    """

    report_id: str = field(repr=False)
    accession: str = field(repr=False)
    patient_id: str = field(repr=False)
    day: date | None = field(repr=False)
    clock: time | None = field(repr=False, default=None)
    issued: datetime | None = field(repr=False, default=None)
    patient_class: PatientClass | None = None
    status: ReportStatus
    sections: Sections = field(repr=False)
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.patient_id:
            raise refused(Reason.BAD_REPORT, "The report names no patient (no patient ID).")
        if not (self.accession or self.report_id):
            raise refused(Reason.BAD_REPORT, "The report has neither an accession nor a report number.")
        empty = not (self.sections.findings or self.sections.impression)
        if empty and self.status is not ReportStatus.WITHDRAWN:
            raise refused(Reason.BAD_REPORT, "The report holds no text.")


def status_of(text: str) -> ReportStatus:
    """The status by HL7's letter (tables 0123 and 0085), FHIR's or a common word; RefusedInputError for any other."""
    status = _STATUSES.get(text.strip().casefold())
    if status is None:
        raise refused(
            Reason.BAD_REPORT, "The status of the report is none of preliminary, final, corrected, withdrawn."
        )
    return status


def class_of(text: str) -> PatientClass | None:
    """In-, outpatient or emergency by HL7's letter (table 0004) or the word; None for every other class."""
    return _CLASSES.get(text.strip().casefold())


def sections_of(pieces: Iterable[tuple[Part, str]]) -> Sections:
    """The sections that the pieces of text make; what lies in ASIDE (indication, technique, comparison) is left out.

    Raises:
        RefusedInputError: the text is longer than any report, or is no plain text.
    """
    lines: list[str] = []
    here = Part.WHOLE
    for part, text in pieces:
        if part is Part.ASIDE or not text.strip():
            continue
        if part is not here:
            lines.append("IMPRESSION:" if part is Part.IMPRESSION else "FINDINGS:")
            here = part
        lines.append(text)
    whole = "\n".join(lines)
    if len(whole) > _LONGEST_TEXT:
        raise refused(Reason.BAD_REPORT, f"The text is longer than {_LONGEST_TEXT >> 10} thousand characters.")
    if whole.lstrip().startswith("{\\rtf"):
        raise refused(Reason.BAD_REPORT, "The text of the report is RTF: have it sent as plain text.")
    return split_sections(whole)


def readable(text: str) -> str:
    """The text without characters that no database or encoding takes."""
    return _UNREADABLE.sub("", text)


def long_numbers(values: Iterable[str]) -> frozenset[str]:
    """The values that are long enough to be looked for in a text."""
    return frozenset(value for value in map(str.strip, values) if len(value) >= SHORTEST_NUMBER)


def patient_number(typed: Iterable[tuple[str, str]]) -> str:
    """Of several patient numbers, as (number, type), the medical record number, else the first."""
    numbers = [(number, kind.upper()) for number, kind in typed if number]
    records = [number for number, kind in numbers if kind in _PERSON_ID_TYPES]
    return next(iter([*records, *(number for number, _ in numbers)]), "")


def moment_of(text: str) -> tuple[date | None, time | None, datetime | None]:
    """Day and time of day as written, and the moment in UTC, of an HL7, DICOM, FHIR or ISO 8601 time.

    A time without a zone counts as UTC: it is only compared with others of the same hospital.
    """
    found = _MOMENT.match(text.strip())
    day = parse_date("".join(found.groups()[:3])) if found else None
    if found is None or day is None:
        return None, None, None
    try:
        clock = time(int(found[4]), int(found[5]), min(int(found[6] or 0), 59)) if found[4] else None
        return day, clock, datetime.combine(day, clock or time(), UTC) - _offset(found[7] or "Z")
    except (ValueError, OverflowError):
        return day, None, None


def _offset(zone: str) -> timedelta:
    if zone == "Z":
        return timedelta()
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    return timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)

"""HL7 v2 messages: an ORU^R01 holds one radiology report or several."""

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import hl7

from components.catalog import ReportStatus
from components.errors import RefusedInputError
from components.intake._hl7_fields import component, field_of, numbers, parsed, people, typed_numbers, unescaped
from components.intake._message import (
    Part,
    ReportMessage,
    class_of,
    long_numbers,
    moment_of,
    patient_number,
    readable,
    sections_of,
    status_of,
)
from components.intake._reason import Reason, refused
from components.intake._stream import LONGEST_PIECE

_TEXT_TYPES = frozenset({"TX", "FT", "ST", "CE", "CWE", "CF", ""})
_DOCUMENT_TYPES = frozenset({"ED", "RP"})
_PARTS = (
    (Part.IMPRESSION, re.compile(r"\b(?:IMP(?:RESSION)?S?|CONCLUSIONS?|19005-8|55110-1|BEURTEILUNG)\b", re.IGNORECASE)),
    (Part.FINDINGS, re.compile(r"\b(?:FINDINGS?|59776-5|BEFUND)\b", re.IGNORECASE)),
    (
        Part.ASIDE,
        re.compile(
            r"\b(?:INDICATIONS?|HISTORY|HIS|REASON|TECHNIQUE|COMPARISON|11329-0|18785-6|55752-0|18834-2|55111-9)\b",
            re.IGNORECASE,
        ),
    ),
)
_WITHDRAWN_LINES = frozenset({"D", "X", "W"})
# OBR-24 (table 0074) and DICOM's modality codes: results that no chest radiograph has.
_OTHER_SERVICES = frozenset(
    {"AU", "BG", "BLB", "CG", "CH", "CP", "CT", "CTH", "CUS", "EC", "EN", "HM", "IMM", "LAB", "MB", "MCB", "MG", "MR",
     "MYC", "NM", "NMR", "NMS", "OUS", "PF", "PT", "RUS", "SP", "SR", "TX", "US", "VUS", "XA"}
)  # fmt: skip
_RANK = (ReportStatus.PRELIMINARY, ReportStatus.CORRECTED, ReportStatus.FINAL, ReportStatus.WITHDRAWN)


@dataclass(frozen=True, kw_only=True)
class _Result:
    """One OBR group: the order, and the observations and notes that follow it."""

    patient: hl7.Segment | None
    visit: hl7.Segment | None
    order: hl7.Segment
    observations: list[hl7.Segment] = field(default_factory=list)
    notes: list[hl7.Segment] = field(default_factory=list)

    @property
    def accession(self) -> str:
        return next((number for place in (18, 3, 2) if (number := component(field_of(self.order, place)))), "")


def reports_of(content: bytes) -> Iterator[ReportMessage | RefusedInputError]:
    """Each report of an ORU message, or why that one is refused.

    An OBR group is a report of its own; groups with one accession number are one. A group without any observation
    shares the text of the message's only group that has some, where status and day are the same: examinations that
    were read together.

    Raises:
        RefusedInputError: the message is no result, or is broken.
    """
    if len(content) > LONGEST_PIECE:
        raise refused(Reason.TOO_LARGE, f"The message is larger than {LONGEST_PIECE >> 20} MiB.")
    message = parsed(content)
    if not field_of(message[0], 9).startswith("ORU"):
        raise refused(Reason.BAD_REPORT, "The message is not a result (ORU).")
    results = _results(message)
    if not results:
        raise refused(Reason.BAD_REPORT, "The result message names no examination (no OBR segment).")
    for group in _by_accession(results):
        try:
            yield _report(message, group, _shared(group, results))
        except RefusedInputError as refusal:
            yield refusal


def _results(message: hl7.Message) -> list[_Result]:
    found: list[_Result] = []
    patient = visit = None
    for segment in message:
        name = str(segment[0])
        if name == "PID":
            patient, visit = segment, None
        elif name == "PV1":
            visit = segment
        elif name == "OBR":
            found.append(_Result(patient=patient, visit=visit, order=segment))
        elif name == "OBX" and found:
            found[-1].observations.append(segment)
        elif name == "NTE" and found:
            found[-1].notes.append(segment)
    return found


def _by_accession(results: list[_Result]) -> list[list[_Result]]:
    groups: dict[tuple[int, str], list[_Result]] = {}
    for number, result in enumerate(results):
        key = (id(result.patient), result.accession or f"\0{number}")
        groups.setdefault(key, []).append(result)
    return list(groups.values())


def _shared(group: list[_Result], results: list[_Result]) -> list[_Result]:
    """The results whose text is the group's: its own, or the one that was read together with it."""
    with_text = [result for result in results if result.observations or result.notes]
    if any(result.observations or result.notes for result in group) or len(with_text) != 1:
        return group
    (other,) = with_text
    alike = all(field_of(group[0].order, place)[:8] == field_of(other.order, place)[:8] for place in (7, 25))
    return with_text if alike and other.patient is group[0].patient else group


def _report(message: hl7.Message, group: list[_Result], texts: list[_Result]) -> ReportMessage:
    header, order, patient = message[0], group[0].order, group[0].patient
    if component(field_of(order, 24)).upper() in _OTHER_SERVICES:
        raise refused(Reason.WRONG_MODALITY, "The result is of another service than radiography.")
    day, clock, _ = moment_of(field_of(order, 7))
    reported, _, issued = moment_of(field_of(order, 22))
    numbers_of_report = (field_of(order, 3), field_of(order, 2), field_of(header, 10))
    pieces = [piece for result in texts for piece in _pieces(result)]
    if not pieces:
        _refuse_documents(texts)
    return ReportMessage(
        report_id=next((number for text in numbers_of_report if (number := component(text))), ""),
        accession=group[0].accession,
        patient_id=patient_number(typed_numbers(field_of(patient, 3))) or component(field_of(patient, 2)),
        day=day or reported,
        clock=clock,
        issued=issued or moment_of(field_of(header, 7))[2],
        patient_class=class_of(component(field_of(group[0].visit, 2))),
        status=min((_status(result) for result in texts), key=_RANK.index),
        sections=sections_of(pieces),
        names=frozenset(people(message)),
        identifiers=long_numbers(numbers(message)),
    )


def _status(result: _Result) -> ReportStatus:
    """The order's status; one that its lines say was corrected or withdrawn is."""
    status = status_of(field_of(result.order, 25) or next(iter(_line_statuses(result)), ""))
    lines = _line_statuses(result)
    if lines and all(line in _WITHDRAWN_LINES for line in lines):
        return ReportStatus.WITHDRAWN
    return ReportStatus.CORRECTED if status is ReportStatus.FINAL and "C" in lines else status


def _line_statuses(result: _Result) -> list[str]:
    return [status for line in result.observations if (status := field_of(line, 11).upper())]


def _pieces(result: _Result) -> Iterator[tuple[Part, str]]:
    """The text of the observations by what OBX-3 calls them, else that of the notes."""
    texts = [
        (_part(field_of(line, 3)), text)
        for line in result.observations
        if field_of(line, 11).upper() not in _WITHDRAWN_LINES and (text := _text(line))
    ]
    yield from texts or [(Part.WHOLE, _lines(field_of(note, 3))) for note in result.notes if field_of(note, 3)]


def _part(observation: str) -> Part:
    return next((part for part, pattern in _PARTS if pattern.search(observation)), Part.WHOLE)


def _text(line: hl7.Segment) -> str:
    kind, value = field_of(line, 2), field_of(line, 5)
    if kind == "ED":
        return _embedded_text(value)
    return _lines(value) if kind in _TEXT_TYPES else ""


def _lines(text: str) -> str:
    return "\n".join(unescaped(part.replace("^", " ")) for part in text.split("~"))


def _embedded_text(value: str) -> str:
    """The text of an ED value (source, type, subtype, encoding, data); empty where it is another kind of document."""
    source, kind, subtype, encoding, data = [*value.split("^", 4), "", "", "", ""][:5]
    kind, subtype, encoding = (part.strip().casefold() for part in (kind, subtype, encoding))
    if not ("text" in (source.casefold(), kind) or kind == "text/plain") or subtype not in ("", "plain", "txt"):
        return ""
    if encoding != "base64":
        return unescaped(data)
    try:
        return readable(base64.b64decode(unescaped(data)).decode("utf-8", "replace"))
    except (binascii.Error, ValueError):
        return ""


def _refuse_documents(results: list[_Result]) -> None:
    kinds = {field_of(line, 2) for result in results for line in result.observations}
    if kinds & _DOCUMENT_TYPES:
        raise refused(
            Reason.BAD_REPORT,
            "The report is an embedded or linked document (PDF, RTF, …), not text: have its text sent as TX or FT.",
        )

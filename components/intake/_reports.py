"""Every report of a file, one after the other: memory does not grow with the file."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from components.errors import RefusedInputError
from components.intake._fhir import report_of
from components.intake._fhir_files import BrokenLine, resources_of
from components.intake._hl7 import reports_of
from components.intake._message import ReportMessage
from components.intake._read import read_dicom
from components.intake._scan import Kind
from components.intake._stream import messages_of
from components.intake._structured import report_of_document
from components.intake._table import report_of_row, rows_of

_LARGEST_DOCUMENT = 8 << 20  # of structured reporting: words, no pictures


@dataclass(frozen=True, kw_only=True)
class ReportItem:
    """One report: its message, or why it is refused; `content` and `ending` are what quarantine keeps of it."""

    content: bytes = field(repr=False)
    ending: str
    message: ReportMessage | None = field(repr=False)
    refusal: RefusedInputError | None


def reports_in(path: Path, kind: Kind) -> Iterator[ReportItem]:
    """The reports of an HL7, FHIR or CSV file, or the one of a DICOM structured report.

    Raises:
        RefusedInputError: the file as a whole cannot be parted into reports, or not from some place on.
        OSError: it cannot be opened.
    """
    yield from _READERS[kind](path)


def _in_messages(path: Path) -> Iterator[ReportItem]:
    for content in messages_of(path):
        try:
            for report in reports_of(content):
                yield _item(content, "hl7", report)
        except RefusedInputError as refusal:
            yield _item(content, "hl7", refusal)


def _in_table(path: Path) -> Iterator[ReportItem]:
    for alone, row in rows_of(path):
        yield _item(alone, "csv", _tried(partial(report_of_row, row)))


def _in_resources(path: Path) -> Iterator[ReportItem]:
    for resource in resources_of(path):
        if isinstance(resource, BrokenLine):
            yield _item(resource.content, "json", resource.refusal)
        else:
            yield _item(resource.content, "json", _tried(partial(report_of, resource)))


def _in_document(path: Path) -> Iterator[ReportItem]:
    ds = read_dicom(path, max_bytes=_LARGEST_DOCUMENT)
    yield _item(path.read_bytes(), "dcm", _tried(partial(report_of_document, ds)))


_READERS: dict[Kind, Callable[[Path], Iterator[ReportItem]]] = {
    Kind.HL7: _in_messages,
    Kind.CSV: _in_table,
    Kind.FHIR: _in_resources,
    Kind.STRUCTURED_REPORT: _in_document,
}


def _tried(read: Callable[[], ReportMessage]) -> ReportMessage | RefusedInputError:
    try:
        return read()
    except RefusedInputError as refusal:
        return refusal


def _item(content: bytes, ending: str, report: ReportMessage | RefusedInputError) -> ReportItem:
    if isinstance(report, RefusedInputError):
        return ReportItem(content=content, ending=ending, message=None, refusal=report)
    return ReportItem(content=content, ending=ending, message=report, refusal=None)

"""Reports in a CSV table, one row a report."""

import csv
import io
import re
from collections.abc import Iterator, Mapping

from components.deidentify import parse_date
from components.intake._message import ReportMessage, status_of
from components.intake._reason import Reason, refused
from components.intake._scan import is_report_header
from components.labeler import Sections, split_sections

_PEOPLE = ("patient_name", "radiologist", "referrer", "referring_physician", "technologist")
_NUMBERS = ("report_id", "accession", "patient_id")
_LARGEST_FIELD = 1 << 20
_SHORTEST_NUMBER = 5


def split_rows(content: bytes) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    """Each row of the table by itself: as a table of one row (for quarantine), and as column → value.

    Raises:
        RefusedInputError: the table has not the columns of reports, or is no CSV.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    text = _decoded(content)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip().casefold() for name in next(reader, [])]
        if not is_report_header(set(header)):
            raise refused(Reason.BAD_REPORT, "The table has no columns report_id or accession, and report or findings.")
        for row in reader:
            if any(cell.strip() for cell in row):
                yield _alone(header, row), dict(zip(header, row, strict=False))
    except csv.Error:
        raise refused(Reason.BAD_REPORT, "The table is not valid CSV from some line on.") from None


def parse_row(row: Mapping[str, str]) -> ReportMessage:
    """The report of one row; RefusedInputError where it lacks a patient, a number or text."""
    whole = split_sections(row.get("report") or "")
    own = Sections(
        indication="", findings=(row.get("findings") or "").strip(), impression=(row.get("impression") or "").strip()
    )
    day = re.sub(r"[-/.]", "", (row.get("date") or "").strip()[:10])
    numbers = {(row.get(column) or "").strip() for column in _NUMBERS}
    return ReportMessage(
        report_id=(row.get("report_id") or "").strip(),
        accession=(row.get("accession") or "").strip(),
        patient_id=(row.get("patient_id") or "").strip(),
        day=parse_date(day),
        status=status_of(row.get("status") or ""),
        sections=own if own.findings or own.impression else whole,
        names=frozenset(name for name in ((row.get(column) or "").strip() for column in _PEOPLE) if name),
        identifiers=frozenset(number for number in numbers if len(number) >= _SHORTEST_NUMBER),
    )


def _alone(header: list[str], row: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([header, row])
    return buffer.getvalue().encode()


def _decoded(content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")

"""Reports in a CSV table, one row a report."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from components.intake._message import (
    Part,
    ReportMessage,
    class_of,
    long_numbers,
    moment_of,
    readable,
    sections_of,
    status_of,
)
from components.intake._reason import Reason, refused
from components.intake._scan import delimiter_of
from components.intake._stream import lines_of

_PEOPLE = ("patient_name", "radiologist", "referrer", "referring_physician", "technologist")
_NUMBERS = ("report_id", "accession", "patient_id")
_LARGEST_FIELD = 1 << 20
_STEP = 1 << 20
_GERMAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4})")
_EXTRA = "\0extra"  # no column of a table has this name


def rows_of(path: Path) -> Iterator[tuple[bytes, Mapping[str, str]]]:
    """Each row of the table by itself: as a table of one row (for quarantine), and as column → value.

    Columns are parted by commas, semicolons or tabs; text is UTF-8 or -16, else Windows-1252.

    Raises:
        RefusedInputError: the table has not the columns of reports, or is no CSV from some row on.
        OSError: it cannot be opened.
    """
    csv.field_size_limit(_LARGEST_FIELD)
    with path.open("r", encoding=_encoding(path), errors="replace", newline="") as file:
        lines = lines_of(file)
        try:
            first = next(lines, "")
            delimiter = delimiter_of(first)
            if delimiter is None:
                raise refused(
                    Reason.BAD_REPORT, "The table has no columns report_id or accession, and report or findings."
                )
            header = [name.strip().casefold() for name in next(csv.reader([first], delimiter=delimiter))]
            for row in csv.reader(lines, strict=True, delimiter=delimiter):
                if any(cell.strip() for cell in row):
                    yield _alone(header, row), _named(header, row)
        except (csv.Error, OverflowError):
            raise refused(Reason.BAD_REPORT, "The table is not valid CSV from some line on.") from None


def report_of_row(row: Mapping[str, str]) -> ReportMessage:
    """The report of one row; RefusedInputError where it lacks a patient, a number or text."""
    if row.get(_EXTRA):
        raise refused(Reason.BAD_REPORT, "The row has more cells than the table has columns: quote its text.")
    parts = [(Part.FINDINGS, row.get("findings") or ""), (Part.IMPRESSION, row.get("impression") or "")]
    whole = [(Part.WHOLE, row.get("report") or "")]
    day, clock, _ = moment_of(_iso(row.get("date") or ""))
    return ReportMessage(
        report_id=_cell(row, "report_id"),
        accession=_cell(row, "accession"),
        patient_id=_cell(row, "patient_id"),
        day=day,
        clock=clock,
        issued=moment_of(_iso(row.get("issued") or ""))[2],
        patient_class=class_of(row.get("patient_class") or ""),
        status=status_of(row.get("status") or ""),
        sections=sections_of(parts if any(text.strip() for _, text in parts) else whole),
        names=frozenset(name for column in _PEOPLE if (name := _cell(row, column))),
        identifiers=long_numbers(_cell(row, column) for column in _NUMBERS),
    )


def _cell(row: Mapping[str, str], column: str) -> str:
    return (row.get(column) or "").strip()


def _iso(day: str) -> str:
    """The day as year, month, day: 2023/05/10 and 2023.05.10 as well as 10.05.2023."""
    found = _GERMAN_DAY.match(day.strip())
    if found:
        return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}{day.strip()[found.end() :]}"
    return re.sub(r"^(\d{4})[/.](\d{2})[/.]", r"\1-\2-", day.strip())


def _named(header: list[str], row: list[str]) -> dict[str, str]:
    named = {name: readable(cell) for name, cell in zip(header, row, strict=False)}
    named[_EXTRA] = "".join(row[len(header) :]).strip()
    return named


def _alone(header: list[str], row: list[str]) -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([header, row])
    return buffer.getvalue().encode("utf-8", "replace")


def _encoding(path: Path) -> str:
    """What the whole file can be read as, found without keeping it."""
    with path.open("rb") as file:
        start = file.read(len(codecs.BOM_UTF16_LE))
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            return "utf-16"
        decoder = codecs.getincrementaldecoder("utf-8-sig")()
        try:
            decoder.decode(start)
            while chunk := file.read(_STEP):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8-sig"

"""A table of reports in, a table of labels out."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from components.errors import RefusedInputError, StorageError
from components.findings import FINDINGS
from components.labeler._labeling import label_report
from components.labeler._sections import split_sections

_LONGEST_REPORT = 16 * 1024 * 1024
_TELL_EVERY = 500


class TableReason(StrEnum):
    """Why a table of reports is refused."""

    NOT_CSV = "not_csv"
    MISSING_COLUMN = "missing_column"
    MISSING_ID = "missing_id"


def label_csv(in_path: Path, out_path: Path, progress: Callable[[int, int], None] | None = None) -> int:
    """Labels every report of a CSV file and gives their number.

    In: `report_id`, and `findings` and/or `impression`, or `report` (a whole report; its indication is not read).
    Out: `report_id` and the 14 observations in their order: 1 present, 0 absent, -1 uncertain, empty unmentioned.
    The output appears when it is complete; RefusedInputError or StorageError says what is wrong in one sentence.
    """
    total = sum(1 for _ in _rows(in_path))
    part = out_path.with_name(f".{out_path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            done = _write(file, _rows(in_path), lambda done: progress(done, total) if progress else None)
        part.replace(out_path)
    except OSError as error:
        raise StorageError(f"The labels cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return done


def _write(file: TextIO, rows: Iterator[dict[str, str]], tell: Callable[[int], None]) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["report_id", *(finding.value for finding in FINDINGS)])
    done = 0
    for done, row in enumerate(rows, start=1):
        writer.writerow(_labelled(row, done + 1))
        if done % _TELL_EVERY == 0:
            tell(done)
    tell(done)
    return done


def _rows(path: Path) -> Iterator[dict[str, str]]:
    csv.field_size_limit(_LONGEST_REPORT)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            _check_columns(reader.fieldnames or [])
            yield from reader
    except (csv.Error, UnicodeDecodeError) as error:
        raise RefusedInputError(
            TableReason.NOT_CSV, "The table of reports is not a CSV file in UTF-8; save it as one."
        ) from error
    except OSError as error:
        raise StorageError(f"The table of reports cannot be read: {error.strerror}.") from error


def _check_columns(names: object) -> None:
    columns = set(names) if isinstance(names, list | tuple) else set()
    if "report_id" not in columns:
        raise RefusedInputError(TableReason.MISSING_COLUMN, 'The table of reports has no column "report_id"; add it.')
    if not columns & {"report", "findings", "impression"}:
        raise RefusedInputError(
            TableReason.MISSING_COLUMN,
            'The table of reports has no text: it needs the columns "findings" and "impression", or "report".',
        )


def _labelled(row: dict[str, str], number: int) -> list[str]:
    if not row["report_id"]:
        raise RefusedInputError(
            TableReason.MISSING_ID, f"Row {number} of the table of reports has no report_id; every report needs one."
        )
    findings, impression = row.get("findings", ""), row.get("impression", "")
    if not findings.strip() and not impression.strip():
        sections = split_sections(row.get("report", ""))
        findings, impression = sections.findings, sections.impression
    codes = (assertion.code for assertion in label_report(findings, impression).values())
    return [row["report_id"], *("" if code is None else str(code) for code in codes)]

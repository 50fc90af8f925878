"""A table of reports in, a table of labels out, and on request the table of what made each label."""

import csv
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from components.errors import RefusedInputError, StorageError
from components.findings import FINDINGS, Assertion, Finding
from components.labeler._labeling import Explanation, explain, label_report
from components.labeler._sections import split_sections

_LONGEST_REPORT = 16 * 1024 * 1024
_TELL_EVERY = 500
_WHY_COLUMNS = ("report_id", "finding", "label", "decides", "assertion", "sentence", "mention", "cue")


class TableReason(StrEnum):
    """Why a table of reports is refused."""

    NOT_CSV = "not_csv"
    MISSING_COLUMN = "missing_column"
    MISSING_ID = "missing_id"


class Labelled(NamedTuple):
    """One report of a table with its labels."""

    report_id: str
    findings: str
    impression: str
    labels: dict[Finding, Assertion]

    def reasons(self) -> list[tuple[Explanation, bool]]:
        """Every statement of the report, in reading order, and whether it is one that decided its label."""
        return [(said, self.labels[said.finding] is said.assertion) for said in explain(self.findings, self.impression)]

    def to_json(self) -> dict[str, Any]:
        """The labels in their codes, and each statement with the places of its mention and cue in the sentence."""
        return {
            "report_id": self.report_id,
            "labels": {finding.value: assertion.code for finding, assertion in self.labels.items()},
            "statements": [asdict(said) | {"decides": decides} for said, decides in self.reasons()],
        }


def label_csv(
    in_path: Path,
    out_path: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    explanations: Path | None = None,
    each: Callable[[Labelled], None] | None = None,
) -> int:
    """Labels every report of a CSV file and gives their number; memory does not grow with the file.

    In: `report_id`, and `findings` and/or `impression`, or `report` (a whole report; its indication is not read).
    Out: `report_id` and the 14 observations in their order: 1 present, 0 absent, -1 uncertain, empty unmentioned.
    An output appears when it is complete; RefusedInputError or StorageError says what is wrong in one sentence.

    Args:
        in_path: the table of reports.
        out_path: the table of labels to write.
        progress: called with (reports done, reports in all).
        explanations: a second table to write: one row a statement, with its sentence, mention and cue.
        each: called with every report, in order.
    """
    total = sum(1 for _ in _rows(in_path))
    with ExitStack() as outputs:
        takers = [_labels_into(outputs.enter_context(_output(out_path)))]
        if explanations:
            takers.append(_reasons_into(outputs.enter_context(_output(explanations))))
        if each:
            takers.append(each)
        done = 0
        for done, report in enumerate(_reports(in_path), start=1):
            for taker in takers:
                taker(report)
            if progress and (done % _TELL_EVERY == 0 or done == total):
                progress(done, total)
    return done


@contextmanager
def _output(path: Path) -> Iterator[TextIO]:
    """A file that appears under its name when the block ends well, and not at all when it does not."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("w", encoding="utf-8", newline="") as file:
            yield file
        part.replace(path)
    except OSError as error:
        raise StorageError(f"The labels cannot be written: {error.strerror}.") from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _labels_into(file: TextIO) -> Callable[[Labelled], None]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["report_id", *(finding.value for finding in FINDINGS)])
    return lambda report: writer.writerow([report.report_id, *map(_cell, report.labels.values())])


def _reasons_into(file: TextIO) -> Callable[[Labelled], None]:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(_WHY_COLUMNS)
    return lambda report: writer.writerows(_reason_rows(report))


def _reason_rows(report: Labelled) -> Iterator[list[str]]:
    for said, decides in report.reasons():
        label, assertion = report.labels[said.finding], said.assertion
        decided = "1" if decides else "0"
        yield [
            report.report_id, said.finding, _cell(label), decided, assertion, said.sentence, said.mention, said.cue,
        ]  # fmt: skip


def _cell(assertion: Assertion) -> str:
    return "" if assertion.code is None else str(assertion.code)


def _reports(path: Path) -> Iterator[Labelled]:
    for number, row in enumerate(_rows(path), start=2):
        if not row["report_id"]:
            raise RefusedInputError(
                TableReason.MISSING_ID,
                f"Row {number} of the table of reports has no report_id; every report needs one.",
            )
        findings, impression = row.get("findings", ""), row.get("impression", "")
        if not findings.strip() and not impression.strip():
            sections = split_sections(row.get("report", ""))
            findings, impression = sections.findings, sections.impression
        yield Labelled(row["report_id"], findings, impression, label_report(findings, impression))


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

"""Holds the labeller's macro F1 on the 200 reports that two readers read by hand, at what was reached."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components.findings import FINDINGS, Finding
from components.labeler import label_report

FEWEST = 5  # findings with fewer gold cases of a level are pooled

Cell = tuple[Finding, int | None, int | None]


@pytest.fixture(scope="module")
def cells(shared_data: Path) -> list[Cell]:
    """Every settled cell: finding, gold code, our code."""
    with (shared_data / "reports" / "openi_reports.csv").open(encoding="utf-8", newline="") as file:
        reports = {row["report_id"]: row for row in csv.DictReader(file)}
    read: list[Cell] = []
    for line in (shared_data / "reports" / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        gold = json.loads(line)
        report = reports[gold["report_id"]]
        labels = label_report(report["findings"], report["impression"])
        skipped = set(gold.get("skip", []))
        read += [(f, gold["labels"].get(f.value), labels[f].code) for f in FINDINGS if f.value not in skipped]
    return read


def _macro_f1(cells: list[Cell], level: int) -> float:
    """Mean F1 of one level over findings; those with fewer than five gold cases are pooled into one."""
    cases = {f: sum(gold == level for finding, gold, _ in cells if finding is f) for f in FINDINGS}
    scores = [_f1(cells, level, lambda f, one=one: f is one) for one in FINDINGS if cases[one] >= FEWEST]
    if any(0 < count < FEWEST for count in cases.values()):
        scores.append(_f1(cells, level, lambda f: cases[f] < FEWEST))
    return sum(scores) / len(scores)


def _f1(cells: list[Cell], level: int, counts: Callable[[Finding], bool]) -> float:
    both = sum(gold == level and ours == level for f, gold, ours in cells if counts(f))
    one = sum((gold == level) != (ours == level) for f, gold, ours in cells if counts(f))
    return 2 * both / (2 * both + one)


@pytest.mark.parametrize(("level", "floor"), [(1, 0.96), (0, 0.98), (-1, 0.91)], ids=["present", "absent", "uncertain"])
def test_macro_f1_on_reports_read_by_hand(cells: list[Cell], level: int, floor: float) -> None:
    assert _macro_f1(cells, level) >= floor

"""Holds what was reached on real reports: macro F1 on 200 read by hand, what a human index names, and the speed."""

import csv
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.findings import FINDINGS, Finding
from components.labeler import label_report

FEWEST = 5  # findings with fewer gold cases of a level are pooled

Cell = tuple[Finding, int | None, int | None]


@pytest.fixture(scope="module")
def reports(shared_data: Path) -> dict[str, dict[str, str]]:
    """The rows of all reports by their id."""
    with (shared_data / "reports" / "openi_reports.csv").open(encoding="utf-8", newline="") as file:
        return {row["report_id"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def cells(shared_data: Path, reports: dict[str, dict[str, str]]) -> list[Cell]:
    """Every settled cell: finding, gold code, our code."""
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


@pytest.mark.parametrize(("level", "floor"), [(1, 0.98), (0, 0.99), (-1, 0.97)], ids=["present", "absent", "uncertain"])
def test_macro_f1_on_reports_read_by_hand(cells: list[Cell], level: int, floor: float) -> None:
    assert _macro_f1(cells, level) >= floor


@pytest.mark.parametrize(
    ("name", "finding", "floor"),
    [
        ("cardiomegaly", Finding.CARDIOMEGALY, 0.95),
        ("effusion", Finding.PLEURAL_EFFUSION, 0.95),
        ("pneumothorax", Finding.PNEUMOTHORAX, 0.90),
        ("edema", Finding.EDEMA, 0.90),
        ("consolidation", Finding.CONSOLIDATION, 0.90),
        ("atelectasis", Finding.ATELECTASIS, 0.90),
    ],
)
def test_what_negbios_index_names_is_found(
    reports: dict[str, dict[str, str]], name: str, finding: Finding, floor: float
) -> None:
    """Found is present or uncertain: the index has no middle between a hedge and a commitment."""
    named = [row for row in reports.values() if row[f"gold_{name}"] == "1"]
    found = [row for row in named if label_report(row["findings"], row["impression"])[finding].code in (1, -1)]
    assert len(found) / len(named) >= floor


def test_two_thousand_reports_a_second_on_one_core(reports: dict[str, dict[str, str]]) -> None:
    start = time.process_time()
    for row in reports.values():
        label_report(row["findings"], row["impression"])
    assert len(reports) / (time.process_time() - start) >= 2000

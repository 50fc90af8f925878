"""Holds `radloop label --explain` and `radloop label-report` as one sees them at the terminal and as JSON."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from catalog_records import add_report, add_study, image

from components.catalog import Catalog, LabelEvent, LabelSource, ReportRecord, ReportStatus, StudyRecord
from components.findings import Assertion, Finding
from components.labeler import label_reports
from components.settings import load_settings
from flows.cli import main

NOW = datetime(2026, 6, 3, tzinfo=UTC)
STUDY = {
    "accession": None,
    "site": "local",
    "date": None,
    "age": 50,
    "sex": "F",
    "modality": "DX",
    "manufacturer": None,
}


def _labelled(tmp_path: Path, *words: str) -> None:
    table = tmp_path / "reports.csv"
    table.write_text("report_id,findings\nr1,No focal consolidation. Possible left effusion.\n", encoding="utf-8")
    main(["label", str(table), "--out", str(tmp_path / "labels.csv"), *words])


def test_explain_marks_mention_and_cue(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        _labelled(tmp_path, "--explain")
        raise SystemExit(0)
    assert not ended.value.code
    shown = capsys.readouterr().out
    assert "<No> [focal consolidation]." in shown
    assert "<Possible> left [effusion]." in shown


def test_explain_as_json_tells_where(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        _labelled(tmp_path, "--explain", "--json")
        raise SystemExit(0)
    (report,) = json.loads(capsys.readouterr().out)["explanations"]
    said = report["statements"][1]
    assert (said["finding"], said["assertion"]) == ("pleural_effusion", "uncertain")
    assert said["sentence"][slice(*said["mention_at"])] == "effusion"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home whose catalog holds one report that says edema and effusion, and a reader who saw edema alone."""
    home = tmp_path / "home"
    home.mkdir()
    settings = load_settings(home)
    study = StudyRecord(study="s1", patient="p1", **{**STUDY, "site": settings.site})
    report = ReportRecord(
        report="r1", patient="p1", accession=None, study="s1", site=settings.site, date=None,
        status=ReportStatus.FINAL.value, findings="Pulmonary edema. Small effusion.", impression="", received=NOW,
    )  # fmt: skip
    read = {Finding.EDEMA: Assertion.PRESENT, Finding.PLEURAL_EFFUSION: Assertion.ABSENT}
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        add_study(catalog, study, [image(study=study.study)])
        add_report(catalog, report)
        label_reports(catalog, site=settings.site, now=NOW)
        catalog.append_label_events(
            [
                LabelEvent(study="s1", finding=finding, assertion=assertion, source=LabelSource.READER, author="a",
                           at=NOW, key=f"reading:{finding}")
                for finding, assertion in read.items()
            ]
        )  # fmt: skip
    return home


def test_label_report_judges_the_labeller_by_the_reader(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["label-report", "--home", str(home), "--json"])
        raise SystemExit(0)
    found = json.loads(capsys.readouterr().out)
    findings = found["latest"]["findings"]
    assert (findings["edema"]["f1"], findings["pleural_effusion"]["f1"]) == (1.0, 0.0)
    assert findings["fracture"]["f1"] is None
    assert list(found["months"]) == ["2026-06"]


def test_label_report_draws_and_shows(home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = tmp_path / "months.png"
    with pytest.raises(SystemExit):
        main(["label-report", "--home", str(home), "--picture", str(picture)])
        raise SystemExit(0)
    assert picture.read_bytes().startswith(b"\x89PNG")
    shown = capsys.readouterr().out
    assert "The labeller against readers, on 1 studies" in shown
    assert "2026-06" in shown

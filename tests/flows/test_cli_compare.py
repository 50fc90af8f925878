"""Holds `radloop compare` at the terminal: DESIGN's JSON as it stands, and what else was found where asked for."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from flows.cli import main


def _compare(*words: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *words])
        raise SystemExit(0)
    assert not ended.value.code


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    """Truth with a column of sexes, two models' scores and two readers."""
    random = np.random.default_rng(0)
    index = pd.Index([f"S{number:03d}" for number in range(200)], name="study")
    ill = np.arange(200) < 60
    tables = {
        "truth": {"edema": ill.astype(int), "sex": np.where(np.arange(200) % 2, "F", "M")},
        "a": {"edema": random.normal(ill * 1.0)},
        "b": {"edema": random.normal(ill * 3.0)},
        "one": {"edema": (random.normal(ill * 1.5) > 0.7).astype(int)},
        "two": {"edema": (random.normal(ill * 1.5) > 1.0).astype(int)},
    }
    for name, columns in tables.items():
        pd.DataFrame(columns, index=index).to_csv(tmp_path / f"{name}.csv")
    return [str(tmp_path / f"{name}.csv") for name in tables]


def test_groups_and_readers_are_shown_beside_the_labels(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    truth, a, b, one, two = files
    _compare(truth, a, b, "--groups", "sex", "--readers", one, "--readers", two)
    shown = capsys.readouterr().out
    assert "better" in shown
    assert "sex: F" in shown
    assert "mean of all" in shown
    _compare(truth, a, b)
    assert "readers" not in capsys.readouterr().out


def test_the_json_of_the_design_stays_and_more_has_a_file_of_its_own(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    truth, a, b, one, two = files
    out, more = tmp_path / "out.json", tmp_path / "more.json"
    words = ["--groups", "sex", "--readers", one, "--readers", two, "--out", str(out), "--more", str(more), "--json"]
    _compare(truth, a, b, *words)
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads(out.read_text())
    assert list(printed) == ["labels", "overall"]
    found = json.loads(more.read_text())
    assert [part["group"] for part in found["subgroups"]] == ["F", "M"]
    assert [one["reader"] for one in found["readers"]] == ["reader 1", "reader 2", None]
    assert found["overall"]["noninferior"] is True
    assert found["labels"][0]["auprc_b"] > found["labels"][0]["auprc_a"]
    assert "outside 0..1" in found["calibration"]["reason"]


def test_figures_that_cannot_be_written_are_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", *files[:3], "--out", str(tmp_path / "none" / "out.json")])
    assert ended.value.code == 1
    assert capsys.readouterr().err.strip() == "radloop: The figures cannot be written: No such file or directory."

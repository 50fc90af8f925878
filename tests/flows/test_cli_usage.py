"""Holds the command line's manners: help that teaches, exit 2 for wrong usage, exit 1 with one line for refusals."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from components.promotion import Ledger, LedgerKind
from flows.cli import main
from tests.flows.conftest import run_radloop


def _run(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(list(words))
        raise SystemExit(0)
    return int(ended.value.code or 0)


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert _run("--help") == 0
    shown = capsys.readouterr().out
    commands = (
        "demo up down status simulate listen fetch ingest import deidentify label "
        "pretrain retrain tune compare promote rollback ledger trace evidence serve"
    )
    for command in [*commands.split(), "relabel"]:
        assert f" {command} " in shown


@pytest.mark.parametrize(
    "words", [["ingset"], ["simulate"], ["simulate", "out", "--studies", "many"], ["ledger", "burn"]]
)
def test_wrong_usage_exits_with_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert _run(*words) == 2
    said = capsys.readouterr()
    assert "Traceback" not in said.err + said.out


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["demo", "--data", "nowhere"], "studies.csv"),
        (["import", "nih", "nowhere"], "does not exist"),
        (["import", "nih", ".", "--site", "local"], "one of their own"),
        (["label", "nowhere.csv", "--out", "labels.csv"], "read"),
        (["compare", "a.csv", "b.csv", "c.csv"], "read"),
        (["promote"], "no challenger"),
        (["rollback"], "no previous champion"),
    ],
)
def test_a_refusal_is_one_line_and_exits_with_1(
    words: list[str], hint: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _run(*words, "--home", str(tmp_path / "home")) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("radloop: ")
    assert hint in lines[0]


def test_a_wrong_setting_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "radloop.toml").write_text("[training]\nepochs = 'many'\n")
    assert _run("status", "--home", str(tmp_path)) == 1
    assert "training.epochs" in capsys.readouterr().err


def test_an_unreachable_server_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "radloop.toml").write_text('mlflow_url = "http://127.0.0.1:9"\n')
    done = run_radloop("promote", home=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_an_altered_ledger_is_found(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ledger.jsonl"
    Ledger(file).append(LedgerKind.LOOK, {"studies": 3}, datetime(2026, 1, 1, tzinfo=UTC))
    assert _run("ledger", "verify", "--home", str(tmp_path)) == 0
    file.write_text(file.read_text().replace('"studies":3', '"studies":4'))
    assert _run("ledger", "verify", "--home", str(tmp_path)) == 1
    assert "Entry 0" in capsys.readouterr().err

"""Holds `radloop forget` from outside: afterwards every file of the home is searched for the patient."""

import io
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from taken_in_home import REASON, Home

from components.catalog import Catalog
from components.promotion import Ledger, LedgerKind
from flows.cli import main


def test_without_yes_it_only_shows_what_would_go(home: Home, radloop: Callable[..., tuple[int, str, str]]) -> None:
    before = home.state()
    code, out, err = radloop("forget", typed=home.patient_id + "\n")
    assert (code, err) == (0, "")
    assert f"{home.pseudonym}: would go" in out
    assert "nothing was removed" in out
    assert home.patient_id not in out
    assert home.state() == before
    assert Ledger(home.settings.ledger).verify() == 0


def test_every_trace_of_the_patient_leaves_and_nothing_of_others(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    words = home.words()
    assert {"catalog.db", "crosswalk", "manifest.parquet", "reports.csv"} <= home.where(words | {home.pseudonym})
    code, out, _ = radloop(
        "forget", "--yes", "--snapshots", "--json", "--reason", f"{REASON} ({home.patient_id})", typed=home.patient_id
    )
    found = json.loads(out)
    assert code == 0
    assert found["counts"]["files in quarantine"] == 2
    assert found["counts"]["files waiting to be taken in"] == 2
    assert found["shared_files_waiting"] == 1
    assert [snapshot["run"] for snapshot in found["snapshots"]] == ["one"]
    shared = home.settings.inbox / "reports.csv"
    assert home.where(words) == {shared.name}, "other patients' reports wait in the same file"
    home.ingest(home.settings.inbox)
    assert not shared.exists()
    assert home.where(words) == set()
    assert home.where({home.pseudonym}) == {"catalog.db", "ledger.jsonl"}
    entries = Ledger(home.settings.ledger).entries()
    assert [(entry.kind, entry.body["state"]) for entry in entries] == [
        (LedgerKind.FORGETTING, "begun"),
        (LedgerKind.FORGETTING, "done"),
    ]
    assert entries[0].body["patient"] == home.pseudonym
    assert entries[0].body["reason"] == f"{REASON} ([ID])"
    state = home.state()
    assert home.pseudonym not in state["sides"]
    assert len(state["sides"]) == 2
    assert "No pneumothorax" in state["reports"]
    assert [name for name in state["files"] if name.startswith("quarantine/not_dicom/")], "the other's note stays"


def test_what_comes_again_is_refused_until_consent_is_given_again(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    with Catalog.open(home.settings.catalog.get_secret_value()) as catalog:
        side = catalog.sides("local")[home.pseudonym]
        studies = catalog.studies()
    radloop("forget", "--yes", "--reason", REASON, typed=home.patient_id)
    again = home.ingest(home.export)
    sent = len(home.files_of_patient())
    assert again.quarantined["withdrawn"] > sent
    assert again.accepted == again.waiting == 0
    assert home.where(home.words()) <= {"reports.csv", "manifest.parquet"}, "what waits, and the kept snapshot"
    code, out, _ = radloop("forget", home.pseudonym, "--undo", "--reason", "consent given again")
    assert (code, "taken in again" in out) == (0, True)
    assert home.ingest(home.export).accepted > sent
    with Catalog.open(home.settings.catalog.get_secret_value()) as catalog:
        assert catalog.sides("local")[home.pseudonym] is side
        assert catalog.studies().equals(studies), "the same pseudonyms, dates and sides as before"


def test_a_patient_nobody_knows_can_object_beforehand_by_number_only(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = radloop("forget", "P0123456789abcdef", "--yes", "--reason", REASON)
    assert (code, "is not known here" in err) == (1, True)
    code, out, _ = radloop("forget", "--yes", "--reason", REASON, typed="QZ-NEVER-SEEN\n")
    assert (code, "nothing is kept" in out) == (0, True)
    with Catalog.open(home.settings.catalog.get_secret_value()) as catalog:
        assert len(catalog.withdrawn("local")) == 1


@pytest.mark.parametrize(
    ("words", "typed", "hint"),
    [
        (["forget", "QZHE76315697"], "", "no pseudonym"),
        (["forget", "--yes"], "4711", "--reason"),
        (["forget"], "", "No Patient ID came"),
        (["reidentify", "Anna Quill", "--reason", "x"], "", "no pseudonym"),
    ],
)
def test_what_is_asked_wrongly_is_refused_without_repeating_it(
    home: Home, radloop: Callable[..., tuple[int, str, str]], words: list[str], typed: str, hint: str
) -> None:
    code, out, err = radloop(*words, typed=typed)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert hint in err
    assert words[1:] == [] or words[1] not in err.replace("--reason", "") or words[1] == "--yes"
    assert Ledger(home.settings.ledger).verify() == 0


_EVENTS = frozenset({"os.rename", "os.remove", "os.rmdir", "sqlite3.connect", "shutil.rmtree", "open"})
_KILLED = 9


def _forget(home: Path, patient_id: str, step: int) -> None:
    """A command in a process of its own that dies, without a last word, before its file operation number `step`."""
    count = 0

    def hook(event: str, _: object) -> None:
        nonlocal count
        if event in _EVENTS:
            count += 1
            if count == step:
                os._exit(_KILLED)

    sys.stdin, sys.stdout = io.StringIO(patient_id), io.StringIO()
    sys.addaudithook(hook)
    main(["forget", "--yes", "--snapshots", "--reason", REASON, "--home", str(home)])


def _killed_at(step: int, home: Home) -> bool:
    """Forgets, and dies at that step; whether it came that far."""
    context = multiprocessing.get_context("forkserver")  # its children begin without this process's threads
    context.set_forkserver_preload(["flows._forgetting"])
    child = context.Process(target=_forget, args=(home.path, home.patient_id, step))
    child.start()
    child.join(timeout=120)
    assert child.exitcode in (0, _KILLED)
    return child.exitcode == _KILLED


def test_a_forgetting_killed_at_any_point_is_completed_by_the_next(
    home: Home, taken_in: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    words = home.words()
    radloop("forget", "--yes", "--snapshots", "--reason", REASON, typed=home.patient_id)
    undisturbed = home.state()
    step, kills = 60, 0
    while True:
        shutil.rmtree(home.path)
        shutil.copytree(taken_in.path, home.path, symlinks=True)
        if not _killed_at(step, home):
            break
        kills += 1
        radloop("forget", "--yes", "--snapshots", "--reason", REASON, typed=home.patient_id)
        assert home.state() == undisturbed
        assert home.where(words) == {"reports.csv"}
        step += 80
    assert kills > 2

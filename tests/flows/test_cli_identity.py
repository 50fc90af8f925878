"""Holds `radloop forget`, `reidentify` and `key` from outside, on a simulated hospital that was taken in.

After a forgetting, every file of the home is searched for the patient's identifiers and pseudonyms.
"""

import csv
import io
import json
import multiprocessing
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pydicom
import pytest

from components.catalog import Catalog
from components.datasets import freeze
from components.deidentify import open_identities
from components.intake import IngestResult, ingest
from components.labeler import label_reports
from components.promotion import Ledger, LedgerKind
from components.settings import Settings, load_settings
from components.simulator import write_hospital
from flows.cli import main

NOW = datetime(2026, 1, 2, tzinfo=UTC)
_REASON = "consent withdrawn by letter"


@dataclass(frozen=True)
class Home:
    """A home that took a hospital's export in, and one of its patients."""

    settings: Settings
    export: Path
    patient_id: str
    pseudonym: str

    @property
    def path(self) -> Path:
        return self.settings.home

    def files_of_patient(self) -> list[Path]:
        return sorted((self.export / "dicom" / self.patient_id).rglob("*.dcm"))

    def words(self) -> set[str]:
        """The patient's identifiers, and what the home's key makes of them but for the patient's own pseudonym."""
        found = {self.patient_id}
        for file in self.files_of_patient():
            ds = pydicom.dcmread(file, stop_before_pixels=True)
            keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "AccessionNumber")
            found |= {str(ds.get(keyword)) for keyword in keywords}
            found |= {part for part in str(ds.PatientName).replace("=", "^").split("^") if len(part) > 4}
        found |= {row["report_id"] for row in self.reports() if row["patient_id"] == self.patient_id}
        with open_identities(self.settings) as identities:
            names = identities.pseudonymiser
            made = {form(word) for word in found for form in (names.uid, names.accession, names.report)}
            assert names.patient(self.patient_id) == self.pseudonym
        return found | made

    def reports(self) -> list[dict[str, str]]:
        with (self.export / "reports.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def where(self, words: set[str]) -> set[str]:
        """Names of files of the home that hold one of the words, in their bytes or their path."""
        return {
            file.name
            for file in self.path.rglob("*")
            if file.is_file()
            for content in [str(file.relative_to(self.path)).encode() + _unpacked(file)]
            if any(word.encode() in content for word in words)
        }

    def ingest(self, *sources: Path) -> IngestResult:
        settings = self.settings
        with (
            open_identities(settings) as identities,
            Catalog.open(settings.catalog.get_secret_value()) as catalog,
        ):
            done = ingest(
                sources,
                catalog=catalog,
                store=settings.store,
                quarantine=settings.quarantine,
                pseudonymiser=identities.pseudonymiser,
                crosswalk=identities.crosswalk,
                site=settings.site,
                deidentify=settings.deidentify,
                imaging=settings.imaging,
                now=NOW,
                inbox=settings.inbox,
            )
            label_reports(catalog, site=settings.site, now=NOW)
            return done

    def stored_in_study_of(self, ds: pydicom.Dataset) -> list[Path]:
        """De-identified files of the images of this one's study and series number."""
        with open_identities(self.settings) as identities:
            study = identities.pseudonymiser.uid(ds.StudyInstanceUID)
        folder = Path(self.settings.store.path) / "dicom" / self.pseudonym / study
        return [file for file in folder.glob("*.dcm") if pydicom.dcmread(file).SeriesNumber == ds.SeriesNumber]

    def freeze(self, run: str) -> Path:
        settings = self.settings
        folder = self.path / "runs" / run / "snapshot"
        with Catalog.open(settings.catalog.get_secret_value()) as catalog:
            freeze(
                catalog, store=settings.store, site=settings.site, folder=folder, size=32, split=settings.split,
                uncertain=settings.training.uncertain, seed=1, preprocessing="1",
            )  # fmt: skip
        return folder

    def state(self) -> dict[str, Any]:
        """What the catalog holds of whom, and which files there are."""
        with Catalog.open(self.settings.catalog.get_secret_value()) as catalog:
            tables = {name: getattr(catalog, name)() for name in ("studies", "images", "reports", "label_events")}
            sides = catalog.sides(self.settings.site)
        files = {str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file()}
        return {
            **{name: frame.to_csv() for name, frame in tables.items()},
            "sides": sides,
            "files": {file for file in files if not file.startswith(("ledger", "catalog.db-", "mlflow"))},
        }


def _unpacked(file: Path) -> bytes:
    """The file's bytes, and a table's cells as text: compressed, a word may lie there in pieces."""
    table = pd.read_parquet(file).to_csv().encode() if file.suffix == ".parquet" else b""
    return file.read_bytes() + table


@pytest.fixture(scope="module")
def taken_in(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Six studies, a snapshot of them, and more of one patient in quarantine and inbox; not to be changed."""
    folder = tmp_path_factory.mktemp("identity")
    write_hospital(folder / "hospital", studies=6, seed=3, site="local", size=96)
    settings = load_settings(folder / "home", imaging={"size": 32})
    export = folder / "hospital" / "export"
    with (export / "reports.csv").open(newline="") as table:
        patient_id = next(csv.DictReader(table))["patient_id"]
    with open_identities(settings) as identities:
        pseudonym = identities.pseudonymiser.patient(patient_id)
    home = Home(settings, export, patient_id, pseudonym)
    broken = folder / "broken"
    broken.mkdir()
    (broken / "cut.dcm").write_bytes(home.files_of_patient()[0].read_bytes()[:-500])
    (broken / "note.txt").write_text(f"seen today: {patient_id}")
    (broken / "other.txt").write_text("seen today: nobody")
    home.ingest(export, broken)
    home.freeze("one")
    (settings.inbox / "study-1").mkdir(parents=True)
    shutil.copy(home.files_of_patient()[0], settings.inbox / "study-1")
    another = 'R-9,A-9,P-ANOTHER,"Quill, Ida",2024-01-02,F,"Pen, Bo",FINDINGS: No pneumothorax.\n'
    (settings.inbox / "reports.csv").write_text((export / "reports.csv").read_text() + another)
    settings.arriving.mkdir()
    shutil.copy(home.files_of_patient()[-1], settings.arriving)
    return home


@pytest.fixture
def home(taken_in: Home, tmp_path: Path) -> Home:
    """A copy of it."""
    shutil.copytree(taken_in.path, tmp_path / "home", symlinks=True)
    settings = load_settings(tmp_path / "home", imaging={"size": 32})
    return Home(settings, taken_in.export, taken_in.patient_id, taken_in.pseudonym)


@pytest.fixture
def radloop(
    home: Home, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int, str, str]]:
    """Runs a command in the home; exit code, standard output and standard error."""

    def run(*words: str, typed: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            main([*words, "--home", str(home.path)])
            raise SystemExit(0)
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


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
        "forget", "--yes", "--snapshots", "--json", "--reason", f"{_REASON} ({home.patient_id})", typed=home.patient_id
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
    assert entries[0].body["reason"] == f"{_REASON} ([ID])"
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
    radloop("forget", "--yes", "--reason", _REASON, typed=home.patient_id)
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
    code, _, err = radloop("forget", "P0123456789abcdef", "--yes", "--reason", _REASON)
    assert (code, "is not known here" in err) == (1, True)
    code, out, _ = radloop("forget", "--yes", "--reason", _REASON, typed="QZ-NEVER-SEEN\n")
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


def test_a_look_behind_a_pseudonym_is_in_the_ledger_before_the_answer(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    ds = pydicom.dcmread(home.files_of_patient()[0], stop_before_pixels=True)
    with open_identities(home.settings) as identities:
        names = identities.pseudonymiser
        asked = {
            home.pseudonym: ("patient", home.patient_id),
            names.uid(ds.StudyInstanceUID): ("study", ds.StudyInstanceUID),
            names.uid(ds.SOPInstanceUID): ("image", ds.SOPInstanceUID),
            names.accession(ds.AccessionNumber): ("accession", ds.AccessionNumber),
        }
    for pseudonym, (kind, original) in asked.items():
        code, out, _ = radloop("reidentify", pseudonym, "--reason", f"urgent finding, call about {original}", "--json")
        assert (code, json.loads(out)) == (0, {"pseudonym": pseudonym, "kind": kind, "original": original})
    code, out, err = radloop("reidentify", "P0123456789abcdef", "--reason", "urgent")
    assert (code, out) == (1, "")
    assert "No original is kept" in err
    entries = Ledger(home.settings.ledger).entries()
    assert [entry.body["pseudonym"] for entry in entries] == [*asked, "P0123456789abcdef"]
    assert all(entry.body["by"] and entry.body["reason"] for entry in entries)
    kept = home.settings.ledger.read_text()
    assert not [original for _, original in asked.values() if original in kept]


def test_a_ledger_that_cannot_be_written_gives_no_answer(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    home.settings.ledger.mkdir()
    code, out, err = radloop("reidentify", home.pseudonym, "--reason", "urgent")
    assert (code, out) == (1, "")
    assert "ledger cannot be opened" in err


def test_after_a_rotation_everything_is_known_again(home: Home, radloop: Callable[..., tuple[int, str, str]]) -> None:
    radloop("forget", "--yes", "--reason", _REASON, typed="QZ-NEVER-SEEN\n")
    before = home.state()
    for _ in range(2):
        code, out, _ = radloop("key", "rotate", "--reason", "yearly")
        assert (code, "replaces" in out) == (0, True)
    with open_identities(home.settings) as identities:
        assert identities.pseudonymiser.patient(home.patient_id) == home.pseudonym
        gone = identities.pseudonymiser.patient("QZ-NEVER-SEEN")
    with Catalog.open(home.settings.catalog.get_secret_value()) as catalog:
        assert catalog.withdrawn("local") == {gone}, "who withdrew is known after a rotation too"
    again = home.ingest(home.export)
    assert (again.accepted, again.waiting, again.quarantined) == (0, 0, {})
    assert home.state() == before
    ds = pydicom.dcmread(home.files_of_patient()[0])
    late = home.path.parent / "late.dcm"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID[:60]}.9"
    ds.save_as(late)
    assert home.ingest(late).accepted == 1
    series = {pydicom.dcmread(file).SeriesInstanceUID for file in home.stored_in_study_of(ds)}
    assert len(series) == 1, "an image that came after the rotation lies in the series of those before"
    states = [entry.body["state"] for entry in Ledger(home.settings.ledger).entries()[2:]]
    assert states == ["begun", "done"] * 2
    code, out, _ = radloop("key", "check", "--json")
    assert json.loads(out)["rotations"] == 2


def test_an_ingest_keeps_rotation_and_forgetting_away(home: Home, radloop: Callable[..., tuple[int, str, str]]) -> None:
    with open_identities(home.settings):
        for words in (["key", "rotate"], ["forget", home.pseudonym, "--yes"]):
            code, _, err = radloop(*words, "--reason", _REASON)
            assert (code, "uses identities" in err) == (1, True)


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
    main(["forget", "--yes", "--snapshots", "--reason", _REASON, "--home", str(home)])


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
    radloop("forget", "--yes", "--snapshots", "--reason", _REASON, typed=home.patient_id)
    undisturbed = home.state()
    step, kills = 60, 0
    while True:
        shutil.rmtree(home.path)
        shutil.copytree(taken_in.path, home.path, symlinks=True)
        if not _killed_at(step, home):
            break
        kills += 1
        radloop("forget", "--yes", "--snapshots", "--reason", _REASON, typed=home.patient_id)
        assert home.state() == undisturbed
        assert home.where(words) == {"reports.csv"}
        step += 80
    assert kills > 2

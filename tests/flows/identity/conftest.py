"""The home that was taken in once, copies of it, and radloop run in one."""

import csv
import io
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from taken_in_home import Home

from components.deidentify import open_identities
from components.settings import load_settings
from components.simulator import write_hospital
from flows.cli import main


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

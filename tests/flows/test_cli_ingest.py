"""Holds `radloop ingest` from outside: the sound goes in once, the rest is accounted for with its reason."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import CTImageStorage

from components.simulator import write_hospital
from flows._stack import program
from tests.flows.conftest import radloop_json

_NAMED = "disc-of-Qzabcdefgh"

pytestmark = [pytest.mark.slow, pytest.mark.server]


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight sound studies, and beside them one of each thing that a hospital sends by mistake."""
    out = tmp_path_factory.mktemp(_NAMED)
    write_hospital(out, studies=8, seed=3, site="local", size=96)
    folder = out / "export"
    sound = sorted(folder.rglob("*.dcm"))
    (folder / "notes.dcm").write_text("this is no DICOM file")
    (folder / "truncated.dcm").write_bytes(sound[0].read_bytes()[:-4000])
    _changed(sound[1], folder / "ct.dcm", Modality="CT", SOPClassUID=CTImageStorage)
    _changed(sound[2], folder / "no-pixels.dcm", PixelData=None)
    _changed(sound[3], folder / "no-report.dcm", StudyInstanceUID="1.2.3.4", AccessionNumber="A-1", PatientID="P-1")
    (folder / "no-study.csv").write_text(
        "report_id,accession,patient_id,date,status,report\nR-9,A-9,P-9,2024-01-02,F,FINDINGS: No pneumothorax.\n"
    )
    return folder


def test_bad_input_is_refused_with_its_reason_and_the_run_goes_on(export: Path, tmp_path: Path) -> None:
    first = radloop_json("ingest", str(export), home=tmp_path, timeout=400)
    assert first["received"] == first["accepted"] + first["waiting"] + first["duplicates"] + sum(
        first["quarantined"].values()
    )
    assert set(first["quarantined"]) == {"not_dicom", "truncated", "wrong_modality", "no_pixels"}
    assert first["waiting"] == 2  # the study without a report, and the report without a study
    notes = [json.loads(note.read_text()) for note in (tmp_path / "quarantine").rglob("*.json")]
    assert len(notes) == sum(first["quarantined"].values())
    assert all(note["sentence"] for note in notes)

    kept = [file for file in (tmp_path / "prefect").rglob("*") if file.is_file()]
    assert kept
    assert not [file.name for file in kept if _NAMED.encode() in file.read_bytes()], "the source's path names a patient"

    second = radloop_json("ingest", str(export), home=tmp_path, timeout=400)
    assert (second["accepted"], second["waiting"], second["labels"]) == (0, 0, 0)
    assert second["quarantined"] == first["quarantined"]
    assert second["duplicates"] == first["accepted"] + first["waiting"] + first["duplicates"]


def _changed(source: Path, target: Path, **attributes: Any) -> None:
    ds = pydicom.dcmread(source)
    for keyword, value in attributes.items():
        if value is None:
            del ds[keyword]
        else:
            setattr(ds, keyword, value)
    ds.SOPInstanceUID = f"1.2.3.{len(target.name)}"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.save_as(target)


def test_a_full_disk_ends_in_one_clear_line(export: Path, tmp_path: Path) -> None:
    command = (
        f"mount -t tmpfs -o size=60k tmpfs {tmp_path} && "
        f"{program('radloop')} deidentify {export} {tmp_path / 'out'} --home {tmp_path.parent / 'home'}"
    )
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare (util-linux)")
    probe = ["unshare", "--map-root-user", "--mount", "sh", "-c", f"mount -t tmpfs -o size=4k tmpfs {tmp_path}"]
    if subprocess.run(probe, capture_output=True, check=False).returncode:
        pytest.skip("this system does not allow a mount namespace (unshare --mount)")
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    line = done.stderr.strip().splitlines()
    assert len(line) == 1, done.stderr
    assert "no space left" in line[0]

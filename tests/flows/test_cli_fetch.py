"""Holds `radloop fetch` from outside: an archive's studies in the inbox, once; without an archive one clear line."""

import hashlib
from datetime import date
from pathlib import Path

import pydicom
import pytest

from components.simulator import write_hospital
from tests.flows.conftest import radloop_json, run_radloop
from tests.servers import free_port, orthanc_server

pytestmark = [pytest.mark.slow, pytest.mark.server]


def test_an_invented_hospital_is_fetched_whole_and_once(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_hospital(tmp_path / "hospital", studies=5, seed=2, site="local", size=96)
    files = sorted((tmp_path / "hospital").rglob("*.dcm"))
    with orthanc_server(tmp_path, our_aet="RADLOOP", our_port=free_port()) as archive:
        for file in files:
            archive.add(file.read_bytes())
        home.mkdir()
        (home / "radloop.toml").write_text(
            f'[archive]\nurl = "{archive.url}/dicom-web"\nuser = "{archive.user}"\npassword = "{archive.password}"\n'
        )
        days = sorted(str(pydicom.dcmread(file, stop_before_pixels=True).StudyDate) for file in files)
        first, last = (f"{day[:4]}-{day[4:6]}-{day[6:]}" for day in (days[0], days[-1]))
        counts = radloop_json("fetch", "--from", first, "--until", last, "--descriptor", "", home=home)
    assert counts == {
        "studies": 5,
        "new_studies": 5,
        "failed_studies": 0,
        "instances": len(files),
        "known_instances": 0,
    }
    fetched = list((home / "inbox").rglob("*.dcm"))
    assert {_pixels(file) for file in fetched} == {_pixels(file) for file in files}


def test_an_archives_address_is_a_source_of_ingest(tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_hospital(tmp_path / "hospital", studies=2, seed=2, site="local", size=96)
    with orthanc_server(tmp_path, our_aet="RADLOOP", our_port=free_port()) as archive:
        for file in sorted((tmp_path / "hospital").rglob("*.dcm")):
            ds = pydicom.dcmread(file)
            ds.StudyDate = f"{date.today():%Y%m%d}"
            pydicom.dcmwrite(file, ds)
            archive.add(file.read_bytes())
        home.mkdir()
        access = f'user = "{archive.user}"\npassword = "{archive.password}"\ndescriptors = []\n'
        (home / "radloop.toml").write_text(f"[imaging]\nsize = 64\n\n[archive]\n{access}")
        counts = radloop_json("ingest", f"{archive.url}/dicom-web", home=home)
        (home / "radloop.toml").write_text('[archive]\nurl = "http://127.0.0.1:9/another"\ntoken = "secret"\n')
        other = run_radloop("ingest", f"{archive.url}/dicom-web", home=home)
    assert counts["waiting"] == len(list((tmp_path / "hospital").rglob("*.dcm"))), "their reports have not come"
    assert counts["received"] == counts["waiting"]
    assert not list((home / "inbox").rglob("*.dcm"))
    assert (other.returncode, other.stderr.count("\n")) == (1, 1)
    assert "another archive" in other.stderr


def test_without_an_archive_it_says_what_to_set(tmp_path: Path) -> None:
    done = run_radloop("fetch", home=tmp_path)
    assert done.returncode == 1
    (line,) = done.stderr.strip().splitlines()
    assert "[archive]" in line


def _pixels(file: Path) -> tuple[str, str]:
    ds = pydicom.dcmread(file)
    return str(ds.SOPInstanceUID), hashlib.sha256(ds.PixelData).hexdigest()

"""An ingest may be killed at any moment, and another may run beside it: the end is that of one undisturbed run."""

import hashlib
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from process_ingest import KEY, Home, start
from pydicom.uid import ExplicitVRLittleEndian
from servers import postgres_server

from components.catalog import Catalog
from components.deidentify import Crosswalk
from components.simulator import write_hospital

KILLS = 50
KILLS_A_HOME = 3


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small hospital's export, with a file of each kind that is refused, and one that comes twice."""
    out = tmp_path_factory.mktemp("hospital")
    write_hospital(out, studies=6, seed=4, site="local", size=64)
    folder = out / "export"
    files = sorted(folder.rglob("*.dcm"))
    for number, file in enumerate(files):
        _smooth(file, number)
    (folder / "again.dcm").write_bytes(files[3].read_bytes())
    (folder / "cut.dcm").write_bytes(files[5].read_bytes()[:-500])
    (folder / "page.html").write_text("<html>")
    (folder / "broken.hl7").write_text("MSH|^~\\&|RIS\rPID|1\r")
    return folder


def _smooth(file: Path, number: int) -> None:
    """Gives it a picture in which nothing looks like text: reading it would take longer than all the rest."""
    ds = pydicom.dcmread(file)
    ds.Rows = ds.Columns = 64
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.PixelData = (np.add.outer(np.arange(64), np.arange(64)) * 16 + number).astype("<u2").tobytes()
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OW", False
    ds.save_as(file)


def state(home: Home) -> dict[str, list[Any]]:
    """Everything that an ingest leaves, the times and order of its doing aside."""
    with Catalog.open(home.url) as catalog:
        frames = {"studies": catalog.studies(), "images": catalog.images(), "reports": catalog.reports()}
    rows: dict[str, list[Any]] = {name: sorted(map(str, frame.to_dict("records"))) for name, frame in frames.items()}
    for place in ("store", "quarantine"):
        folder = home.folder / place
        files = (file for file in folder.rglob("*") if file.is_file())
        rows[place] = sorted(
            f"{file.relative_to(folder)} {hashlib.sha256(file.read_bytes()).hexdigest()}" for file in files
        )
    crosswalk = Crosswalk(home.folder / "crosswalk", KEY)
    rows["crosswalk"] = sorted(crosswalk.entries())
    crosswalk.close()
    with sqlite3.connect(home.folder / "crosswalk") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return rows


def assert_same(left: dict[str, list[Any]], wanted: dict[str, list[Any]]) -> None:
    for name, rows in wanted.items():
        assert (name, set(left[name]) ^ set(rows), len(left[name])) == (name, set(), len(rows))


def new_home(folder: Path, export: Path, url: str | None = None) -> Home:
    home = Home(folder, url or f"sqlite:///{folder / 'catalog.db'}")
    shutil.copytree(export, home.inbox)
    return home


def files_in(folder: Path) -> list[str]:
    return [file.name for file in folder.rglob("*") if file.is_file()]


@pytest.fixture(scope="module")
def undisturbed(export: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    home = new_home(tmp_path_factory.mktemp("undisturbed"), export)
    result = home.ingest()
    assert (result.accepted > 10, result.duplicates, result.received - result.accepted) == (True, 1, 4)
    return state(home)


@pytest.mark.slow
def test_killed_at_random_moments_it_ends_like_an_undisturbed_run(export, undisturbed, tmp_path_factory):
    chance = random.Random(7)  # noqa: S311
    longest = undisturbed_seconds(new_home(tmp_path_factory.mktemp("timed"), export))
    left_then: list[int] = []  # files in the inbox after each kill
    while len(left_then) < KILLS:
        home = new_home(tmp_path_factory.mktemp("home"), export)
        for _ in range(KILLS_A_HOME):
            process = start(home)
            time.sleep(chance.random() * longest)
            process.kill()
            process.join()
            if process.exitcode == -signal.SIGKILL:
                left_then.append(len(files_in(home.inbox)))
        process = start(home)
        process.join()
        assert process.exitcode == 0
        assert_same(state(home), undisturbed)
        assert files_in(home.inbox) == []
    assert len(set(left_then)) > KILLS // 10, "some were killed early and some late"


def undisturbed_seconds(home: Home) -> float:
    process, began = start(home), time.monotonic()
    process.join()
    return time.monotonic() - began


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.server)])
def shared(request, export, tmp_path):
    """A home whose catalog two programs will write."""
    if request.param == "sqlite":
        yield new_home(tmp_path / "home", export)
        return
    with postgres_server() as server:
        yield new_home(tmp_path / "home", export, server.new_database())


@pytest.mark.parametrize("source", ["inbox", "elsewhere"])
def test_two_at_once_end_like_one(shared, export, undisturbed, source):
    processes = [start(shared, export if source == "elsewhere" else None) for _ in range(2)]
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0]
    assert_same(state(shared), undisturbed)
    assert (files_in(shared.inbox) == []) is (source == "inbox")

"""Holds the folders: a study moves when it was quiet long enough, what comes late makes a second folder."""

import os
import threading
from pathlib import Path

import pytest

from components.reception._arrivals import Arrivals

_NOON = 1_700_000_000.0


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return tmp_path / "arriving", tmp_path / "inbox"


def test_a_study_moves_after_its_quiet_time(folders: tuple[Path, Path]) -> None:
    arriving, inbox = folders
    with Arrivals(*folders) as arrivals:
        _add(arrivals, "study-a", "1", at=_NOON)
        _add(arrivals, "study-b", "2", at=_NOON + 100)
        assert arrivals.move_complete(quiet_s=120, now=_NOON + 119) == 0
        assert arrivals.move_complete(quiet_s=120, now=_NOON + 121) == 1
        assert [path.name.split("-")[1] for path in inbox.iterdir()] == ["a"]
        assert (arriving / "study-b" / "2.dcm").read_bytes() == b"2"
        _add(arrivals, "study-a", "late", at=_NOON + 200)
        assert arrivals.move_complete(quiet_s=120, now=_NOON + 400) == 2
        assert sorted(path.name for path in inbox.rglob("*.dcm")) == ["1.dcm", "2.dcm", "late.dcm"]
        assert len(list(inbox.iterdir())) == 3
        assert not list(arriving.glob("[!.]*"))


def test_what_a_crash_left_is_picked_up_and_half_written_files_go(folders: tuple[Path, Path]) -> None:
    arriving, inbox = folders
    crashed = Arrivals(*folders)
    _add(crashed, "study", "whole", at=_NOON)
    _, half = crashed.begin()
    half.write(b"half")
    half.close()
    with Arrivals(*folders):
        assert list(arriving.glob(".partial-*/*")), "the other process lives"
        os.close(crashed._mine)  # what the system does when a process is killed
        with Arrivals(*folders) as later:
            assert not list(arriving.glob(".partial-*/*"))
            assert later.move_complete(quiet_s=1, now=_NOON + 2) == 1
    assert [path.name for path in inbox.rglob("*.dcm")] == ["whole.dcm"]


def test_moving_while_receiving_loses_nothing(folders: tuple[Path, Path]) -> None:
    _, inbox = folders
    with Arrivals(*folders) as arrivals:
        done = threading.Event()

        def mover() -> None:
            while not done.is_set():
                arrivals.move_study("study")

        thread = threading.Thread(target=mover)
        thread.start()
        for number in range(200):
            _add(arrivals, "study", str(number))
        done.set()
        thread.join()
        arrivals.move_study("study")
        assert {path.stem for path in inbox.rglob("*.dcm")} == {str(number) for number in range(200)}


def _add(arrivals: Arrivals, study: str, name: str, at: float | None = None) -> None:
    path, file = arrivals.begin()
    with file:
        file.write(name.encode())
    arrivals.keep_instance(path, study=study, instance=name)
    if at is not None:
        os.utime(arrivals._arriving / study, (at, at))

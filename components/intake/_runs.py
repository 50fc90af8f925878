"""A folder for what one run has under way; what a run that was ended left is removed by the next."""

import fcntl
import os
import secrets
import shutil
from pathlib import Path
from typing import Self

from components.intake._disk import writing

RUN_PREFIX = ".run-"
_OWNER_ONLY = 0o700


class RunFolder:
    """PLACE/.run-…, locked while the run lives, so that another one knows whether it may be removed.

    `after_crash`: another run had ended here without clearing up.
    """

    def __init__(self, place: Path, what: str) -> None:
        with writing(what):
            place.mkdir(parents=True, exist_ok=True)
            self.after_crash = _sweep(place)
            self.path, self._lock = _locked(place)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)

    def fresh(self) -> Path:
        """A path in the folder that no other file has."""
        return self.path / secrets.token_hex(8)


def _locked(place: Path) -> tuple[Path, int]:
    while True:
        folder = place / f"{RUN_PREFIX}{secrets.token_hex(8)}"
        folder.mkdir(mode=_OWNER_ONLY)
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # swept before it was locked
        fcntl.flock(lock, fcntl.LOCK_EX)
        if folder.exists():
            return folder, lock
        os.close(lock)


def _sweep(place: Path) -> bool:
    """Removes the folders of runs that live no more; whether there was one."""
    found = False
    for folder in place.glob(f"{RUN_PREFIX}*"):
        try:
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            continue  # its run has just ended
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            shutil.rmtree(folder, ignore_errors=True)
            found = True
        finally:
            os.close(lock)
    return found

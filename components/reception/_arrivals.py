"""Where received files lie: whole or not at all, on the disk before anybody is told so, by their owner alone."""

import errno
import fcntl
import logging
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from components.errors import StorageError

_OWNER_FOLDER, _OWNER_FILE = 0o700, 0o600
_PARTIAL = ".partial-"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

log = logging.getLogger(__name__)


class Arrivals:
    """ARRIVING/study/instance.dcm while a study is being received; INBOX/study-N when it is complete.

    What is still being written lies in ARRIVING/.partial-N, a folder of this process alone: it holds a lock on it, so
    that another process can tell what a crash has left behind. Several processes may receive into the same folders.
    """

    def __init__(self, arriving: Path, inbox: Path) -> None:
        self._arriving, self._inbox = arriving, inbox
        try:
            for folder in (arriving, inbox):
                folder.mkdir(parents=True, exist_ok=True)
                folder.chmod(_OWNER_FOLDER)
            with self._locked():
                self._remove_what_crashes_left()
                self._partial = arriving / (_PARTIAL + secrets.token_hex(8))
                self._partial.mkdir(mode=_OWNER_FOLDER)
                self._mine = _lock(self._partial)
        except OSError as error:
            raise StorageError(f"What arrives cannot be kept in the home ({os.strerror(error.errno or 0)}).") from None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)
        os.close(self._mine)

    def begin(self) -> tuple[Path, BinaryIO]:
        """A new file to write to, that nobody takes for a received one; OSError where the disk refuses."""
        path = self._partial / secrets.token_hex(8)
        return path, os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, _OWNER_FILE), "w+b")

    def keep_instance(self, written: Path, *, study: str, instance: str) -> None:
        """Gives a file that is whole and synced its name; when this returns, a power cut does not undo it.

        The same instance again replaces the first. OSError where the disk refuses.
        """
        folder = self._arriving / study
        with self._locked():
            fresh = not folder.exists()
            if fresh:
                folder.mkdir(mode=_OWNER_FOLDER)
                _sync(self._arriving)
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            written.replace(folder / f"{instance}.dcm")
        try:
            os.fsync(descriptor)  # also reaches a folder that another thread has just moved to the inbox
        finally:
            os.close(descriptor)

    def keep_message(self, content: bytes, name: str) -> None:
        """Puts a message into the inbox, safe on the disk when this returns; OSError where the disk refuses."""
        path, file = self.begin()
        try:
            with file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            path.replace(self._inbox / name)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        _sync(self._inbox)

    def move_complete(self, *, quiet_s: float, now: float) -> int:
        """Moves each study to which nothing was added for `quiet_s` seconds; gives how many.

        Parameters:
            now: seconds since the epoch, as the file system's clock tells them.
        """
        with self._locked():
            studies = [folder for folder in self._studies() if now - folder.stat().st_mtime >= quiet_s]
            return self._move(studies)

    def move_study(self, study: str) -> int:
        """Moves one study whose sender has said that it is complete; 1, or 0 where nothing of it lies here."""
        with self._locked():
            return self._move([folder for folder in self._studies() if folder.name == study])

    def _move(self, studies: list[Path]) -> int:
        """Each into a folder of its own: what comes late for a study makes a second one."""
        for folder in studies:
            folder.rename(self._inbox / f"{folder.name}-{secrets.token_hex(4)}")
        if studies:
            _sync(self._inbox)
            _sync(self._arriving)
        return len(studies)

    def _studies(self) -> list[Path]:
        return sorted(path for path in self._arriving.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _remove_what_crashes_left(self) -> None:
        for folder in self._arriving.glob(_PARTIAL + "*"):
            with suppress(BlockingIOError):  # a living process receives into it
                descriptor = _lock(folder)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(descriptor)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """One thread of one process at a time names files and moves folders."""
        descriptor = os.open(self._arriving / ".lock", os.O_CREAT | os.O_RDWR, _OWNER_FILE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def is_full(error: OSError) -> bool:
    """Whether the disk has no space left (or the quota no room)."""
    return error.errno in _FULL


def _lock(folder: Path) -> int:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

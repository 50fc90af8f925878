"""Where refused things lie until a person looks: owner-only, since they still name patients."""

import hashlib
import json
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from components.errors import RefusedInputError
from components.intake._disk import sync, write_synced, writing
from components.intake._runs import RunFolder

THE_QUARANTINE = "The quarantine"
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class Quarantine:
    """QUARANTINE/reason/sha256.ending with sha256.json beside it; the same content is kept once."""

    def __init__(self, folder: Path, run: RunFolder, now: datetime, *, largest: int) -> None:
        self._folder = folder
        self._run = run
        self._now = now
        self._largest = largest

    def add_file(self, path: Path, refusal: RefusedInputError, ending: str, *, take: bool) -> bool:
        """Copies a refused file, or takes it from its place; then that place is empty afterwards. Whether it is kept.

        One that cannot be opened, or is larger than `largest`, leaves only its note and stays where it is.

        Raises:
            StorageError: the quarantine cannot be written.
        """
        try:
            if path.stat().st_size > self._largest:
                self._note(refusal, _token(f"{path.stat().st_size} {path}"), copied=False)
                return False
            with path.open("rb") as file:
                name = hashlib.file_digest(file, "sha256").hexdigest()
        except OSError:
            if not take or path.is_symlink() or path.exists():  # else another ingest has taken it meanwhile
                self._note(refusal, _token(str(path)), copied=False)
            return False
        with writing(THE_QUARANTINE):
            target = self._made(refusal) / f"{name}.{ending}"
            if not target.exists():
                self._bring(path, target, take=take)
        self._note(refusal, name, copied=True)
        if take:
            with writing("The inbox"):
                path.unlink(missing_ok=True)
        return True

    def add_content(self, content: bytes, refusal: RefusedInputError, ending: str) -> None:
        """Keeps a refused message or row."""
        name = hashlib.sha256(content).hexdigest()
        with writing(THE_QUARANTINE):
            self._write_once(self._made(refusal) / f"{name}.{ending}", content)
        self._note(refusal, name, copied=True)

    def _bring(self, path: Path, target: Path, *, take: bool) -> None:
        fresh = self._run.fresh()
        if take:  # a second name first, and the old one goes last: the file is never without one
            with suppress(OSError):  # another disk, or one that knows no links
                fresh.hardlink_to(path)
        if not fresh.exists():
            shutil.copyfile(path, fresh)
        fresh.chmod(_FILE_MODE)
        sync(fresh)
        fresh.replace(target)

    def _note(self, refusal: RefusedInputError, name: str, *, copied: bool) -> None:
        note = {
            "reason": str(refusal.reason),
            "sentence": str(refusal),
            "time": self._now.isoformat(),
            "copied": copied,
        }
        with writing(THE_QUARANTINE):
            folder = self._made(refusal)
            self._write_once(folder / f"{name}.json", (json.dumps(note, indent=1) + "\n").encode())
            sync(folder)

    def _made(self, refusal: RefusedInputError) -> Path:
        folder = self._folder / str(refusal.reason)
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        for place in (self._folder, folder):
            place.chmod(_FOLDER_MODE)
        return folder

    def _write_once(self, target: Path, content: bytes) -> None:
        if target.exists():
            return
        fresh = self._run.fresh()
        write_synced(fresh, content, mode=_FILE_MODE)
        fresh.replace(target)


def _token(text: str) -> str:
    """A stable name for what was not read; the path itself may name a patient."""
    return "unread-" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

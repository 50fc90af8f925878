"""Where refused things lie until a person looks: owner-only, since they still name patients."""

import hashlib
import json
import os
import secrets
import shutil
from datetime import datetime
from pathlib import Path

from components.errors import RefusedInputError
from components.intake._disk import writing

_CHUNK = 1 << 20
_FOLDER_MODE, _FILE_MODE = 0o700, 0o600


class Quarantine:
    """QUARANTINE/reason/sha256.ending with sha256.json beside it; the same content is kept once."""

    def __init__(self, folder: Path, now: datetime) -> None:
        self._folder = folder
        self._now = now

    def add_file(self, path: Path, refusal: RefusedInputError, ending: str) -> None:
        """Copies a refused file; one that cannot be opened leaves only its note.

        Raises:
            StorageError: the quarantine cannot be written.
        """
        try:
            name = _sha256(path)
        except OSError:
            self._note(refusal, _token(str(path)), copied=False)
            return
        with writing("The quarantine"):
            folder = self._made(refusal)
            target = folder / f"{name}.{ending}"
            if not target.exists():
                fresh = _fresh(target)
                try:
                    shutil.copyfile(path, fresh)
                    fresh.chmod(_FILE_MODE)
                    fresh.replace(target)
                finally:
                    fresh.unlink(missing_ok=True)
        self._note(refusal, name, copied=True)

    def add_content(self, content: bytes, refusal: RefusedInputError, ending: str) -> None:
        """Keeps a refused message or row."""
        name = hashlib.sha256(content).hexdigest()
        with writing("The quarantine"):
            _write_once(self._made(refusal) / f"{name}.{ending}", content)
        self._note(refusal, name, copied=True)

    def add_note(self, path: Path, refusal: RefusedInputError) -> None:
        """Notes a file that is too large to be copied; it stays where it is."""
        self._note(refusal, _token(f"{path.stat().st_size} {path}"), copied=False)

    def _note(self, refusal: RefusedInputError, name: str, *, copied: bool) -> None:
        note = {
            "reason": str(refusal.reason),
            "sentence": str(refusal),
            "time": self._now.isoformat(),
            "copied": copied,
        }
        with writing("The quarantine"):
            _write_once(self._made(refusal) / f"{name}.json", (json.dumps(note, indent=1) + "\n").encode())

    def _made(self, refusal: RefusedInputError) -> Path:
        folder = self._folder / str(refusal.reason)
        folder.mkdir(parents=True, exist_ok=True, mode=_FOLDER_MODE)
        for place in (self._folder, folder):
            place.chmod(_FOLDER_MODE)
        return folder


def _write_once(target: Path, content: bytes) -> None:
    if target.exists():
        return
    fresh = _fresh(target)
    try:
        descriptor = os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _fresh(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _token(text: str) -> str:
    """A stable name for what was not read; the path itself may name a patient."""
    return "unread-" + hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()

"""The append-only record of every look at the locked patients, verdict and promotion, and of who opened identities.

One JSON line an entry, each holding the SHA-256 of the one before: to alter, insert or remove an entry, everything
after it would have to be rewritten. Lines are canonical JSON, so that not one byte can change unseen. What the chain
cannot see is the loss of its last entries; `verify` finds that too when it is told the last hash known (the registry
keeps it beside the promoted version).
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from components.errors import LedgerError, StorageError

_BEFORE_THE_FIRST = "0" * 64
_FIELDS = {"index", "at", "kind", "body", "previous", "hash"}


class LedgerKind(StrEnum):
    """What happened."""

    LOOK = "look"
    VERDICT = "verdict"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    REFUSAL = "refusal"
    REIDENTIFICATION = "reidentification"
    KEY_ROTATION = "key_rotation"
    FORGETTING = "forgetting"
    CONSENT = "consent"


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """One recorded event; `hash` covers everything else, `previous` the entry before."""

    index: int
    at: datetime
    kind: LedgerKind
    body: Mapping[str, Any]
    previous: str
    hash: str


class Ledger:
    """The ledger in one file, readable and writable by its owner only."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def append(self, kind: LedgerKind, body: Mapping[str, Any], now: datetime) -> LedgerEntry:
        """Adds one entry and gives it; it is on disk when this returns.

        Args:
            kind: what happened.
            body: figures and pseudonymous names: what JSON can hold, no NaN.
            now: aware.

        Raises:
            LedgerError: the last entry is broken, or the body cannot be recorded.
            StorageError: the file cannot be written; nothing was added.
        """
        if now.tzinfo is None:
            raise LedgerError("A ledger entry needs a time with its time zone. Got a naive time instead.")
        with self._open() as file:
            lines = file.read().split(b"\n")
            last = _last_entry(lines)
            index, previous = (0, _BEFORE_THE_FIRST) if last is None else (last.index + 1, last.hash)
            content = {"index": index, "at": now.isoformat(), "kind": kind.value, "body": body, "previous": previous}
            line = _sealed(content)
            _write(file, line)
        return _read(line.removesuffix(b"\n"), index)

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries, oldest first, verified; LedgerError where one was altered."""
        return tuple(self._verified())

    def verify(self, *, last_known: str | None = None) -> int:
        """The number of entries, when every one is as it was written.

        Args:
            last_known: hash of an entry that must still be there; finds a ledger cut short.

        Raises:
            LedgerError: naming the first altered entry.
        """
        found = self.entries()
        if last_known is not None and last_known not in {entry.hash for entry in found}:
            raise LedgerError(f"The ledger ends after {len(found)} entries; later ones were removed.")
        return len(found)

    def _verified(self) -> Iterator[LedgerEntry]:
        if not self._path.exists():
            return
        try:
            lines = self._path.read_bytes().split(b"\n")
        except OSError as error:
            raise StorageError(f"The ledger cannot be read: {error.strerror}.") from None
        previous = _BEFORE_THE_FIRST
        for index, line in enumerate(lines[:-1]):
            entry = _read(line, index)
            if entry.index != index or entry.previous != previous:
                raise _altered(index)
            previous = entry.hash
            yield entry
        if lines[-1]:
            raise _altered(len(lines) - 1)

    @contextmanager
    def _open(self) -> Iterator[IO[bytes]]:
        """The file for reading and appending, locked against other writers."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        except OSError as error:
            raise StorageError(f"The ledger cannot be opened: {error.strerror}.") from None
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            os.fchmod(descriptor, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield file


def _write(file: IO[bytes], line: bytes) -> None:
    """Appends all of the line or nothing."""
    end = os.fstat(file.fileno()).st_size
    try:
        written = os.write(file.fileno(), line)
        if written < len(line):
            raise OSError(0, "disk full")
        os.fsync(file.fileno())
    except OSError as error:
        os.ftruncate(file.fileno(), end)
        raise StorageError(f"The ledger entry cannot be written: {error.strerror}.") from None


def _last_entry(lines: list[bytes]) -> LedgerEntry | None:
    if lines == [b""]:
        return None
    last = len(lines) - 2
    if lines[-1] or last < 0:
        raise _altered(len(lines) - 1)
    entry = _read(lines[last], last)
    if entry.index != last:
        raise _altered(last)
    return entry


def _sealed(content: dict[str, Any]) -> bytes:
    """The entry's line, with the hash over its canonical form."""
    try:
        digest = hashlib.sha256(_canonical(content)).hexdigest()
    except (TypeError, ValueError) as error:
        raise LedgerError(f"The ledger records only what JSON can hold, no NaN: {error}.") from None
    return _canonical(content | {"hash": digest}) + b"\n"


def _canonical(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _read(line: bytes, index: int) -> LedgerEntry:
    """The entry of one line; LedgerError unless it is byte for byte as it was written."""
    try:
        content = json.loads(line, parse_constant=_refuse)
        if set(content) != _FIELDS or _sealed({k: v for k, v in content.items() if k != "hash"}) != line + b"\n":
            raise _altered(index)
        return LedgerEntry(
            index=content["index"],
            at=datetime.fromisoformat(content["at"]),
            kind=LedgerKind(content["kind"]),
            body=content["body"],
            previous=content["previous"],
            hash=content["hash"],
        )
    except (ValueError, TypeError, KeyError, RecursionError):
        raise _altered(index) from None


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _altered(index: int) -> LedgerError:
    return LedgerError(
        f"Entry {index} of the ledger was altered or is broken; restore the ledger from a copy before any promotion."
    )

"""The append-only record of every look at the locked patients, verdict and promotion, and of who opened identities.

One JSON line an entry, each holding the SHA-256 of the one before: to alter, insert or remove an entry, everything
after it would have to be rewritten. Lines are canonical JSON, so that not one byte can change unseen. The loss of its
last entries is seen by the head in a file of its own, and, where both were cut, by hashes that others keep: the
registry beside each judged version, and whoever noted what `radloop ledger verify` printed.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from components.errors import LedgerError, StorageError
from components.promotion._ledger_head import EMPTY, Head, check_head, read_head, write_head

_FIELDS = {"index", "at", "kind", "body", "previous", "hash"}


class LedgerKind(StrEnum):
    """What happened."""

    LOOK = "look"
    VERDICT = "verdict"
    REFUSAL = "refusal"
    APPROVAL = "approval"
    PROMOTION = "promotion"
    ROLLBACK = "rollback"
    WITHDRAWAL = "withdrawal"
    ROTATION = "rotation"
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

    @property
    def of_head(self) -> bool:
        """Whether it is about a head for one finding, whose versions count for themselves."""
        return "head" in self.body


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
            head = _end(_last_entry(lines), read_head(self._path))
            content = {
                "index": head.entries,
                "at": now.isoformat(),
                "kind": kind.value,
                "body": body,
                "previous": head.hash,
            }
            line = _sealed(content)
            entry = _read(line.removesuffix(b"\n"), head.entries)
            self._write(file, line, Head(entry.index + 1, entry.hash))
        return entry

    def entries(self) -> tuple[LedgerEntry, ...]:
        """All entries, oldest first, verified; LedgerError where one was altered."""
        return tuple(self._verified())

    def verify(self, *, known: Collection[str] = ()) -> int:
        """The number of entries, when every one is as it was written and none is missing.

        Args:
            known: hashes of entries that must still be there, as others remember them.

        Raises:
            LedgerError: naming the first altered entry, or how many are missing.
        """
        found = self.entries()
        lost = len(set(known) - {entry.hash for entry in found})
        if lost:
            raise LedgerError(
                f"The ledger holds {len(found)} entries, and {lost} that were known are not among them: it was cut "
                "short or replaced; restore it from a copy before any promotion."
            )
        return len(found)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else who asks for this counts a look or moves the champion meanwhile; a killed process lets go.

        Raises:
            StorageError: the lock cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise StorageError(f"The ledger's lock cannot be made: {error.strerror}.") from None
        with os.fdopen(descriptor) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _verified(self) -> Iterator[LedgerEntry]:
        (*lines, rest), head = self._content()
        last = None
        for index, line in enumerate(lines):
            entry = _read(line, index)
            if entry.index != index or entry.previous != (EMPTY.hash if last is None else last.hash):
                raise _altered(index)
            yield (last := entry)
        if rest:  # a line that was not ended
            raise _altered(len(lines))
        _end(last, head)

    def _content(self) -> tuple[list[bytes], Head | None]:
        """The lines, what follows the last line's end, and the head, as they were at one moment."""
        try:
            with self._path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return file.read().split(b"\n"), read_head(self._path)
        except FileNotFoundError:
            return [b""], read_head(self._path)
        except OSError as error:
            raise StorageError(f"The ledger cannot be read: {error.strerror}.") from None

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

    def _write(self, file: IO[bytes], line: bytes, head: Head) -> None:
        """Appends all of the line, and moves the head, or nothing."""
        end = os.fstat(file.fileno()).st_size
        try:
            written = os.write(file.fileno(), line)
            if written < len(line):
                raise OSError(0, "disk full")
            os.fsync(file.fileno())
            write_head(self._path, head)
        except OSError as error:
            os.ftruncate(file.fileno(), end)
            raise StorageError(f"The ledger entry cannot be written: {error.strerror}.") from None


def _end(last: LedgerEntry | None, head: Head | None) -> Head:
    """How far the entries go, once the head agrees with it."""
    if last is None:
        check_head(head, last=EMPTY, before=EMPTY)
        return EMPTY
    found = Head(last.index + 1, last.hash)
    check_head(head, last=found, before=Head(last.index, last.previous))
    return found


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

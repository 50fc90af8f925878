"""The ledger's head: how many entries it has and the hash of its last, in a file of its own.

The chain alone cannot see that its last entries are missing; this file remembers them. It is written after each entry,
so a crash in between leaves it one entry behind, never ahead.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from components.errors import LedgerError, StorageError

_FIELDS = 2
_FIRST_HASH = "0" * 64


@dataclass(frozen=True)
class Head:
    """How far the ledger goes."""

    entries: int
    hash: str


EMPTY = Head(0, _FIRST_HASH)


def read_head(ledger: Path) -> Head | None:
    """The head beside the ledger, None where there is none yet; LedgerError where it was altered."""
    try:
        content = _place(ledger).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(f"The ledger's head cannot be read: {error.strerror}.") from None
    words = content.decode("ascii", errors="replace").split()
    if len(words) == _FIELDS and words[0].isdigit():
        head = Head(int(words[0]), words[1])
        if _written(head) == content:
            return head
    raise LedgerError(f"{_place(ledger).name}, the ledger's head, was altered: restore both from a copy.")


def write_head(ledger: Path, head: Head) -> None:
    """Replaces the head in one step; it is on disk when this returns. OSError where that fails.

    Only the holder of the ledger's lock calls it: what a crash left of an earlier one is written over.
    """
    unfinished = _place(ledger).with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(_written(head))
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(_place(ledger))


def check_head(head: Head | None, *, last: Head, before: Head) -> None:
    """Passes where the ledger ends as the head says, or with one entry more that a crash kept the head from.

    Args:
        last: the entries that are there, and the hash of the last of them.
        before: the same without the last one.

    Raises:
        LedgerError: entries at the end are missing, or the head is.
    """
    if (EMPTY if head is None else head) in (last, before):
        return
    if head is None:
        raise LedgerError("The ledger's head is missing, so that nobody can say whether its end is: restore both.")
    raise LedgerError(
        f"The ledger holds {last.entries} entries and should hold {head.entries}: it was cut short or replaced; "
        "restore it from a copy before any promotion."
    )


def _place(ledger: Path) -> Path:
    return ledger.with_suffix(".head")


def _written(head: Head) -> bytes:
    return f"{head.entries} {head.hash}\n".encode("ascii")

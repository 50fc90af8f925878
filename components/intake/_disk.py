"""Writing files whole or not at all; what the disk refuses becomes one clear line."""

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upath import UPath

from components.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_LOCAL = frozenset({"", "file", "local"})


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Raises an OSError inside as StorageError; `what` names the place ("The image store")."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(f"{what} has no space left: free some and run again; what was done is kept.") from None
        raise StorageError(f"{what} cannot be written ({os.strerror(error.errno or errno.EIO)}).") from None


def write_whole(store: UPath, key: str, content: bytes) -> None:
    """Puts a file under its key in the store: complete under that name, or not there.

    Raises:
        StorageError: no space, no rights, no store.
    """
    with writing("The image store"):
        if store.protocol in _LOCAL:
            _replace(Path(store.path) / key, content)
        else:
            (store / key).write_bytes(content)  # an object store shows an object only when it is complete


def take_away(store: UPath, key: str) -> None:
    """Removes a file from the store, if it is there.

    Raises:
        StorageError: it cannot be removed.
    """
    with writing("The image store"):
        (store / key).unlink(missing_ok=True)


def _replace(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(4)}.tmp")
    try:
        fresh.write_bytes(content)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise

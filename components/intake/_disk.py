"""What the disk refuses becomes one clear line."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.errors import StorageError

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Raises an OSError inside as StorageError; `what` names the place ("The image store")."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageError(f"{what} has no space left: free some and run again; what was done is kept.") from None
        raise StorageError(f"{what} cannot be written ({os.strerror(error.errno or errno.EIO)}).") from None


def write_synced(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Writes a new file and waits until the disk has it."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync(path: Path) -> None:
    """Waits until the disk has the file, or the folder's list of names."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

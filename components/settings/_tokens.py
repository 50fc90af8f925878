"""Tokens of this machine's own servers: made once, readable by their owner only."""

import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from components.errors import StorageError

_BYTES = 20  # 40 hexadecimal digits: as long as Label Studio's tokens may be


def load_or_create_token(path: Path) -> SecretStr:
    """The token in the file at `path` (0600, its folder 0700), made at random when there is none yet.

    Raises:
        StorageError: the file cannot be read or written, or is empty.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _create(path)
        token = path.read_text().strip()
    except OSError as error:
        raise StorageError(f"The token file {path.name} cannot be read or written: {error.strerror}.") from None
    if not token:
        raise StorageError(f"The token file {path.name} is empty; delete it, and a new token is made.")
    return SecretStr(token)


def _create(path: Path) -> None:
    """Writes aside and links: two processes that start together end with one token, whole."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(_BYTES) + "\n")
        os.link(aside, path)
    except FileExistsError:
        pass  # the other process was first
    finally:
        aside.unlink(missing_ok=True)

"""The one secret behind every pseudonym, made once and readable by its owner only."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from components.errors import ConfigurationError, StorageError

KEY_BYTES = 32
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


def load_or_create_key(path: Path) -> bytes:
    """The 32 bytes of the key file, which is made (file 0600, folder 0700) when it is missing.

    Raises:
        ConfigurationError: the file can be read by others, or holds no key.
        StorageError: it can be neither read nor made.
    """
    try:
        if not path.exists():
            _create(path)
        if path.stat().st_mode & _OTHERS:
            raise ConfigurationError("The pseudonym key file is open to other users: run chmod 600 on it.")
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except ValueError:  # UnicodeDecodeError is one too
        raise ConfigurationError(_NO_KEY) from None
    except OSError as error:
        raise StorageError(f"The pseudonym key file cannot be read or made ({type(error).__name__}).") from None
    if len(key) != KEY_BYTES:
        raise ConfigurationError(_NO_KEY)
    return key


def fingerprint(key: bytes) -> str:
    """16 hexadecimal digits by which two copies of a key are known to be the same; they lead nowhere."""
    return subkey(key, "fingerprint").hex()[:16]


def write_key(path: Path, key: bytes) -> None:
    """Makes the key's file (0600), which must not exist; it is on disk when this returns."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(key.hex() + "\n")
        file.flush()
        os.fsync(file.fileno())


def subkey(key: bytes, purpose: str) -> bytes:
    """32 bytes derived from the key for one purpose, so that no two uses share a secret (HKDF, RFC 5869)."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"radloop {purpose}".encode()).derive(key)


_NO_KEY = (
    "The pseudonym key file holds no key (64 hexadecimal digits): restore it from its copy. "
    "With a new key every patient gets a new pseudonym."
)


def _create(path: Path) -> None:
    if not path.parent.exists():
        path.parent.mkdir(parents=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_key(fresh, secrets.token_bytes(KEY_BYTES))
        # Unlike a rename, a link never replaces the key of a program that was faster.
        with suppress(FileExistsError):
            os.link(fresh, path)
    finally:
        fresh.unlink(missing_ok=True)

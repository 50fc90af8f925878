"""The way back from pseudonyms to originals: encrypted, owner-only, apart from the catalog."""

import base64
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from components.deidentify._keys import subkey
from components.errors import ConfigurationError, StorageError

_NONCE_BYTES = 12
_FIELDS = 3
_LONGEST_LINE = 1 << 16
_CHECK = ("radloop-crosswalk", "1")


class Crosswalk:
    """Original identifiers by kind and pseudonym, one line each; adding never needs to decrypt.

    A line is "kind pseudonym ciphertext", the last AES-256-GCM bound to the first two. A line cut short by a
    crash is passed over, and cut off by the next writer.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._cipher = AESGCM(subkey(key, "crosswalk"))
        self._known: set[tuple[str, str]] = set()
        try:
            path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
            self._descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_APPEND, 0o600)
            os.fchmod(self._descriptor, 0o600)
            for kind, pseudonym, _ in self._lines():
                self._known.add((kind, pseudonym))
        except OSError as error:
            raise StorageError(f"The crosswalk cannot be opened ({type(error).__name__}).") from None
        self._prove_key()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self._known)} entries)"

    def add(self, kind: str, original: str, pseudonym: str) -> None:
        """Keeps an original under its pseudonym; nothing happens when that pseudonym is there."""
        if (kind, pseudonym) in self._known:
            return
        self._append(kind, pseudonym, original)
        self._known.add((kind, pseudonym))

    def knows(self, kind: str, pseudonym: str) -> bool:
        """Whether an original is kept, without a look at it."""
        return (kind, pseudonym) in self._known

    def lookup(self, kind: str, pseudonym: str) -> str | None:
        """The original behind a pseudonym, or None where none was kept."""
        for line in self._lines():
            if line[:2] == (kind, pseudonym):
                return self._decrypted(*line)
        return None

    def close(self) -> None:
        """Gives the file back."""
        os.close(self._descriptor)

    def _prove_key(self) -> None:
        for line in self._lines():
            if line[:2] == _CHECK:
                self._decrypted(*line)
                return
        self._append(*_CHECK, "")

    def _append(self, kind: str, pseudonym: str, original: str) -> None:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, original.encode(), _bound(kind, pseudonym))
        line = f"{kind} {pseudonym} {base64.b64encode(sealed).decode()}\n".encode()
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                self._drop_torn_line()
                if os.write(self._descriptor, line) != len(line):
                    raise OSError
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        except OSError:
            raise StorageError("The crosswalk cannot be written: free space on its disk, then run again.") from None

    def _drop_torn_line(self) -> None:
        """Cuts off what a crash left of a line; whoever holds the lock sees whole lines otherwise."""
        size = os.fstat(self._descriptor).st_size
        tail = os.pread(self._descriptor, _LONGEST_LINE, max(0, size - _LONGEST_LINE))
        if tail and not tail.endswith(b"\n"):
            os.ftruncate(self._descriptor, size - len(tail) + tail.rfind(b"\n") + 1)

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        with open(self._path, encoding="ascii", errors="replace") as file:
            for line in file:
                fields = line.split()
                if line.endswith("\n") and len(fields) == _FIELDS:
                    yield fields[0], fields[1], fields[2]

    def _decrypted(self, kind: str, pseudonym: str, sealed: str) -> str:
        try:
            raw = base64.b64decode(sealed, validate=True)
            return self._cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], _bound(kind, pseudonym)).decode()
        except (InvalidTag, ValueError):
            raise ConfigurationError(
                "The crosswalk was written with another key, or was altered: use the key it was made with."
            ) from None


def _bound(kind: str, pseudonym: str) -> bytes:
    return f"{kind} {pseudonym}".encode()

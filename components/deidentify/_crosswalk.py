"""The way back from pseudonyms to originals: encrypted, owner-only, apart from the catalog."""

import os
import secrets
import sqlite3
import stat
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from components.deidentify._keys import subkey
from components.deidentify._pseudonyms import Generation
from components.errors import ConfigurationError, StorageError

Entry = tuple[str, str, str]
"""(kind, original, pseudonym)."""

_NONCE_BYTES = 12
_BUSY_SECONDS = 60
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_PROOF = "proof"
_GENERATION = "generation"
IDENTIFYING_KINDS = ("patient", "study", "series", "frame", "image", "accession", "report")
"""Kinds of entries that are of one patient or examination alone; others may be kept beside them."""
_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    kind TEXT NOT NULL, pseudonym TEXT NOT NULL, patient TEXT, sealed BLOB NOT NULL, PRIMARY KEY (kind, pseudonym)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS entries_of_patient ON entries (patient);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) WITHOUT ROWID;
"""


class Crosswalk:
    """Original identifiers by kind and pseudonym, in an SQLite file of its own; several programs may add at once.

    Pseudonyms are in the clear, originals AES-256-GCM bound to kind and pseudonym. What an addition returned from is
    on disk. Earlier keys' secrets (`generations`) are kept here too, sealed by the present key.

    Raises, from every method:
        ConfigurationError: another key, an altered entry, no crosswalk at all, or a file that others may read.
        StorageError: the file cannot be read or written.
    """

    def __init__(self, path: Path, key: bytes) -> None:
        self._cipher = AESGCM(subkey(key, "crosswalk"))
        with _clear_errors():
            _make_or_check(path)
            self._database = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
            try:
                self._database.execute("PRAGMA secure_delete=ON")
                with self._writing():
                    self._prepare()
            except BaseException:
                self._database.close()
                raise

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def __len__(self) -> int:
        with _clear_errors():
            return int(self._database.execute("SELECT count(*) FROM entries").fetchone()[0])

    def add_many(self, groups: Iterable[Sequence[Entry]]) -> None:
        """Keeps originals under their pseudonyms, those that are not there yet, in one transaction.

        Args:
            groups: the entries of one patient each, the patient's own among them, so that they are found together
                when that patient is to be forgotten.
        """
        rows = [row for group in groups for row in self._rows(group)]
        with _clear_errors(), self._writing():
            self._insert(rows)

    def knows(self, kind: str, pseudonym: str) -> bool:
        """Whether an original is kept, without a look at it."""
        return self._sealed(kind, pseudonym) is not None

    def lookup(self, kind: str, pseudonym: str) -> str | None:
        """The original behind a pseudonym, or None where none was kept."""
        sealed = self._sealed(kind, pseudonym)
        return None if sealed is None else self._opened(sealed, kind, pseudonym)

    def find(self, pseudonym: str) -> tuple[str, str] | None:
        """(kind, original) of a pseudonym of whatever kind, or None."""
        for kind in IDENTIFYING_KINDS:
            original = self.lookup(kind, pseudonym)
            if original is not None:
                return kind, original
        return None

    def entries(self, patient: str | None = None) -> Iterator[Entry]:
        """All entries, or those of one patient, decrypted, by kind and pseudonym."""
        for kind, original, pseudonym, _ in self._owned(patient):
            yield kind, original, pseudonym

    def pseudonyms(self) -> Iterator[str]:
        """Every pseudonym, without a look at the originals."""
        with _clear_errors():
            yield from (row[0] for row in self._database.execute("SELECT pseudonym FROM entries"))

    def remove(self, patient: str, pseudonyms: Collection[str] = ()) -> int:
        """Removes, and overwrites, the patient's entries and those of these pseudonyms; how many there were."""
        with _clear_errors():
            with self._writing():
                removed = self._database.execute("DELETE FROM entries WHERE patient = ?", [patient]).rowcount
                others = [(kind, pseudonym) for kind in IDENTIFYING_KINDS for pseudonym in pseudonyms]
                statement = "DELETE FROM entries WHERE kind = ? AND pseudonym = ?"
                removed += max(0, self._database.executemany(statement, others).rowcount)
            self._database.execute("VACUUM")
        return removed

    def generations(self) -> tuple[Generation, ...]:
        """What is needed of earlier keys, oldest first."""
        with _clear_errors():
            kept = self._database.execute(
                "SELECT name, sealed FROM kept WHERE name LIKE ? ORDER BY name", [f"{_GENERATION}%"]
            ).fetchall()
        return tuple(Generation.from_bytes(self._unsealed(sealed, name)) for name, sealed in kept)

    def copy_to(self, other: "Crosswalk", generations: Sequence[Generation]) -> int:
        """Fills an empty crosswalk, of another key, with all entries and these generations; how many entries."""
        count = 0
        with _clear_errors(), other._writing():
            for kind, original, pseudonym, patient in self._owned(None):
                other._insert([(kind, pseudonym, patient, other._seal(original.encode(), kind, pseudonym))])
                count += 1
            for number, generation in enumerate(generations):
                name = f"{_GENERATION} {number:04d}"
                other._keep(name, generation.to_bytes())
        return count

    def close(self) -> None:
        """Gives the file back."""
        self._database.close()

    def _prepare(self) -> None:
        """Makes the tables of a new file; of an old one, proves that this is its key."""
        for statement in _TABLES.split(";"):
            self._database.execute(statement)
        found = self._database.execute("SELECT sealed FROM kept WHERE name = ?", [_PROOF]).fetchone()
        if found is None:
            self._keep(_PROOF, b"")
        else:
            self._unsealed(found[0], _PROOF)

    def _rows(self, group: Sequence[Entry]) -> Iterator[tuple[str, str, str | None, bytes]]:
        patient = next((pseudonym for kind, _, pseudonym in group if kind == "patient"), None)
        for kind, original, pseudonym in group:
            yield kind, pseudonym, patient, self._seal(original.encode(), kind, pseudonym)

    def _insert(self, rows: Sequence[tuple[str, str, str | None, bytes]]) -> None:
        self._database.executemany(
            "INSERT INTO entries (kind, pseudonym, patient, sealed) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", rows
        )

    def _keep(self, name: str, content: bytes) -> None:
        self._database.execute("INSERT INTO kept (name, sealed) VALUES (?, ?)", [name, self._seal(content, name)])

    def _owned(self, patient: str | None) -> Iterator[tuple[str, str, str, str | None]]:
        chosen, values = ("", []) if patient is None else (" WHERE patient = ?", [patient])
        statement = f"SELECT kind, pseudonym, patient, sealed FROM entries{chosen} ORDER BY kind, pseudonym"  # noqa: S608
        with _clear_errors():
            for kind, pseudonym, owner, sealed in self._database.execute(statement, values):
                yield kind, self._opened(sealed, kind, pseudonym), pseudonym, owner

    def _sealed(self, kind: str, pseudonym: str) -> bytes | None:
        with _clear_errors():
            found = self._database.execute(
                "SELECT sealed FROM entries WHERE kind = ? AND pseudonym = ?", [kind, pseudonym]
            ).fetchone()
        return None if found is None else bytes(found[0])

    def _seal(self, content: bytes, *bound: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, " ".join(bound).encode())

    def _unsealed(self, sealed: bytes, *bound: str) -> bytes:
        try:
            return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], " ".join(bound).encode())
        except (InvalidTag, ValueError):
            raise ConfigurationError(
                "The crosswalk was written with another key, or was altered: use the key it was made with."
            ) from None

    def _opened(self, sealed: bytes, kind: str, pseudonym: str) -> str:
        return self._unsealed(sealed, kind, pseudonym).decode()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise


def _make_or_check(path: Path) -> None:
    """A new file is its owner's alone from the start; an old one that is not is refused, for it may have been read."""
    path.parent.mkdir(parents=True, mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if found.st_mode & _OTHERS:
        raise ConfigurationError("The crosswalk file is open to other users: run chmod 600 on it.")
    if found.st_uid != os.geteuid():
        raise ConfigurationError("The crosswalk file belongs to another user: run chown on it, or run as its owner.")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """SQLite's and the disk's refusals as ours; none of their texts, which may hold a path or a value."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        reason = getattr(error, "sqlite_errorname", type(error).__name__)
        if reason == "SQLITE_NOTADB":
            raise ConfigurationError(
                "The crosswalk file is none, or of radloop before its first release: move it away and ingest the same "
                "sources again, which makes it anew."
            ) from None
        raise StorageError(f"The crosswalk cannot be read or written ({reason}).") from None
    except OSError as error:
        raise StorageError(f"The crosswalk cannot be opened ({type(error).__name__}).") from None

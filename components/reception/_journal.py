"""Which instances were received, for as long as partners may ask: as keyed hashes, since a UID leads to a patient."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

from components.errors import StorageError

_TABLES = """
CREATE TABLE IF NOT EXISTS received (instance TEXT PRIMARY KEY, day TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS received_day ON received (day);
"""
_PATIENCE_S = 60


class Journal:
    """HOME/reception.db. Several processes may write it at once; what is added is on the disk before `add` returns."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        try:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
            self._database = sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise StorageError(f"The journal of what was received cannot be opened ({type(error).__name__}).") from None

    def add(self, instance: str, day: date) -> None:
        """Remembers an instance by its token; StorageError where the disk refuses."""
        with self._used() as database:
            database.execute("INSERT OR REPLACE INTO received VALUES (?, ?)", (instance, day.isoformat()))

    def known(self, instances: Iterable[str]) -> set[str]:
        """Which of these tokens are remembered."""
        with self._used() as database:
            return {token for token in instances if database.execute(_ASK, (token,)).fetchone()}

    def forget_before(self, today: date, remember_days: int) -> int:
        """Forgets what was received longer ago; gives how many instances."""
        oldest = (today - timedelta(days=remember_days)).isoformat()
        with self._used() as database:
            return database.execute("DELETE FROM received WHERE day < ?", (oldest,)).rowcount

    def close(self) -> None:
        """Closes the file."""
        with self._used() as database:
            database.close()

    @contextmanager
    def _used(self) -> Iterator[sqlite3.Connection]:
        """The database for one thread at a time."""
        try:
            with self._lock:
                yield self._database
        except sqlite3.Error as error:
            raise StorageError(f"The journal of what was received cannot be used ({error}).") from None


_ASK = "SELECT 1 FROM received WHERE instance = ?"

"""What a run remembers of its files until its end: on disk, so that memory does not grow with an archive."""

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from components.intake._media import Found
from components.intake._scan import Kind

_CHUNK = 500
_TABLES = """
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
CREATE TABLE stored (kind TEXT, key TEXT, items INTEGER, PRIMARY KEY (kind, key)) WITHOUT ROWID;
CREATE TABLE later (place INTEGER PRIMARY KEY, path BLOB, kind TEXT, temporary INTEGER);
"""


class Notebook:
    """Files put off, and what was stored; the file lies in the run's own folder, owner-only."""

    def __init__(self, file: Path) -> None:
        self._open = sqlite3.connect(file, isolation_level=None)
        self._open.executescript(_TABLES)

    def close(self) -> None:
        """Gives the file back."""
        self._open.close()

    def put_off(self, found: Found, kind: Kind) -> None:
        """Keeps a file of reports until the images are in."""
        row = (os.fsencode(found.path), kind.name, found.temporary)
        self._open.execute("INSERT INTO later (path, kind, temporary) VALUES (?, ?, ?)", row)

    def put_off_files(self) -> Iterator[tuple[Found, Kind]]:
        """The files that were put off, in order."""
        for path, kind, temporary in self._open.execute("SELECT path, kind, temporary FROM later ORDER BY place"):
            yield Found(Path(os.fsdecode(path)), temporary=bool(temporary)), Kind[kind]

    def count(self, kind: str, key: str) -> None:
        """Notes that one item of this study (kind "image") or report (kind "report") was stored."""
        self._open.execute(
            "INSERT INTO stored VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET items = items + 1", (kind, key)
        )

    def counted(self, kind: str) -> Iterator[dict[str, int]]:
        """Study or report → items stored, some hundred at a time."""
        rows = self._open.execute("SELECT key, items FROM stored WHERE kind = ?", (kind,))
        while some := rows.fetchmany(_CHUNK):
            yield dict(some)

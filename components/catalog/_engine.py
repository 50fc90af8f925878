"""One engine for SQLite and PostgreSQL, set up so that several programs may write at once."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from components.errors import ConfigurationError, StorageError

WRITES = "radloop_writes"
"""Execution option of connections that will write: SQLite then takes its write lock at BEGIN."""

_BUSY_SECONDS = 60
_CONNECT_SECONDS = 10
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")
_SQLITE = ("sqlite", "sqlite+pysqlite")


def parse_url(text: str) -> URL:
    """The catalog's URL with the driver that radloop installs."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ConfigurationError(
            "The setting 'catalog_url' must be an SQLAlchemy URL such as sqlite:////data/catalog.db or "
            "postgresql://user:password@host/database."
        ) from None
    if url.drivername in _POSTGRES:
        return url.set(drivername="postgresql+psycopg")
    if url.drivername in _SQLITE:
        return url.set(drivername="sqlite+pysqlite")
    raise ConfigurationError(
        f"The setting 'catalog_url' must begin with sqlite:// or postgresql://. Got {url.drivername}:// instead."
    )


def place_of(url: URL) -> str:
    """The database in words that hold no user and no password."""
    if url.get_backend_name() == "sqlite":
        return f"the catalog file {url.database or '(in memory)'}"
    host = url.host or url.query.get("host") or "this machine"
    return f"PostgreSQL database '{url.database}' at {host}:{url.port or 5432}"


def create_catalog_engine(url: URL) -> Engine:
    """An engine that reads and writes; nothing is opened yet."""
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url)
    arguments = {} if "connect_timeout" in url.query else {"connect_timeout": _CONNECT_SECONDS}
    return create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)


def use_write_ahead_log(engine: Engine) -> None:
    """Turns SQLite's WAL on, so that readers and one writer do not wait for each other."""
    give_up = time.monotonic() + _BUSY_SECONDS
    # Below SQLAlchemy, because the mode cannot change within a transaction and SQLAlchemy always opens one.
    with closing(engine.raw_connection()) as connection:
        cursor = connection.cursor()
        while cursor.execute("PRAGMA journal_mode").fetchone()[0] not in ("wal", "memory"):
            try:
                cursor.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                # SQLite does not apply the busy timeout to this change.
                if "locked" not in str(error) or time.monotonic() > give_up:
                    raise
                time.sleep(0.05)


def _sqlite_engine(url: URL) -> Engine:
    if url.database and url.database != ":memory:" and "uri" not in url.query:
        _make_folder(Path(url.database).parent)
    engine = create_engine(url, hide_parameters=True, connect_args={"timeout": _BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # sqlite3's own implicit BEGIN would take the write lock too late
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what is deleted is overwritten, not only unlinked

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(
            f"The folder {folder} of the catalog cannot be made ({error.strerror}): give write access or free space."
        ) from error

"""What the databases' own errors mean, in our error tree."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from components.errors import CatalogError, RadloopError, ServerError, StorageError

_SQLITE_SENTENCES = {
    "SQLITE_READONLY": "cannot be written: give write access to the file and its folder",
    "SQLITE_PERM": "cannot be written: give write access to the file and its folder",
    "SQLITE_CANTOPEN": "cannot be opened: check that its folder exists and gives read and write access",
    "SQLITE_FULL": "cannot grow because the disk is full: free space, then run the command again",
    "SQLITE_IOERR": "cannot be read or written because its disk reports an error: check the disk",
    "SQLITE_BUSY": "has been held by another program for a minute: let that one end, then run the command again",
    "SQLITE_LOCKED": "has been held by another program for a minute: let that one end, then run the command again",
    "SQLITE_NOTADB": "is not an SQLite database: correct the setting 'catalog_url'",
    "SQLITE_CORRUPT": "is damaged: restore it from its last copy",
}
_POSTGRES_STORAGE = {
    "53100": "cannot grow because the server's disk is full: free space, then run the command again",
    "25006": "is read-only: use the primary server in the setting 'catalog_url'",
    "42501": "may not be changed by this user: grant it CREATE and USAGE on the schema",
}
_UNREACHABLE = "does not answer: start the server, or correct the setting 'catalog_url'"


@contextmanager
def translated(place: str) -> Iterator[None]:
    """Raises whatever the database raises inside as CatalogError, ServerError or StorageError.

    `place` names the database without user or password. Statements and values are left out of the message.
    """
    try:
        yield
    except RadloopError:
        raise
    except IntegrityError as error:
        raise CatalogError(
            f"{_capital(place)} refused a row that contradicts another or names a study it does not hold "
            f"({_kind(error)}): add the study first, and add nothing twice with other content."
        ) from error
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise _meaning(error, place) from error


def _meaning(error: Exception, place: str) -> RadloopError:
    cause = error.orig if isinstance(error, DBAPIError) else error
    if isinstance(cause, sqlite3.Error):
        name = str(getattr(cause, "sqlite_errorname", None) or "")
        for prefix, sentence in _SQLITE_SENTENCES.items():
            if name.startswith(prefix):
                return StorageError(f"{_capital(place)} {sentence}.")
    state = getattr(cause, "sqlstate", None) or ""
    if state in _POSTGRES_STORAGE:
        return StorageError(f"{_capital(place)} {_POSTGRES_STORAGE[state]}.")
    if isinstance(error, DBAPIError) and type(cause).__module__.startswith("psycopg") and _is_about_reach(error, state):
        return ServerError(f"{_capital(place)} {_refusal(str(cause))}.")
    return CatalogError(f"{_capital(place)} refused a statement ({_kind(error)}).")


def _is_about_reach(error: DBAPIError, state: str) -> bool:
    # Class 08 is connection failure, 28 refused login, 3D no such database, 57P the server is going down.
    unstated = not state and type(error.orig).__name__ in ("OperationalError", "InterfaceError", "ConnectionTimeout")
    return error.connection_invalidated or unstated or state[:2] in ("08", "28", "3D", "53") or state[:3] == "57P"


def _refusal(text: str) -> str:
    if "authentication failed" in text or "no password supplied" in text or 'role "' in text:
        return "refuses the user or password: correct the setting 'catalog_url'"
    if 'database "' in text and "does not exist" in text:
        return "does not exist: create it on the server (createdb), or correct the setting 'catalog_url'"
    if "too many" in text:
        return "takes no more connections: raise max_connections, or end other programs"
    return _UNREACHABLE


def _kind(error: Exception) -> str:
    return type(error.orig if isinstance(error, DBAPIError) else error).__name__


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]

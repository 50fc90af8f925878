"""MLflow opened quietly, its failures as ours."""

import logging
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from components.errors import ServerError, StorageError
from components.settings import go_offline

if TYPE_CHECKING:
    from mlflow import MlflowClient

_logger = logging.getLogger(__name__)
_SQLITE = "sqlite:///"
_QUIET: Mapping[str, str] = MappingProxyType(
    {
        "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
        "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
        "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # the default waits minutes for a server that is not there
        "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    }
)


def open_client(uri: str) -> "MlflowClient":
    """A client of the tracking server and registry at `uri`; a fresh SQLite file gets MLflow's tables (1 to 2 s).

    Raises:
        ServerError: it does not answer, or the SQLite file is none.
        StorageError: the SQLite file's folder cannot be made.
    """
    go_offline()
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    if is_sqlite(uri):
        _refuse_broken_file(Path(uri.removeprefix(_SQLITE)))
    from mlflow import MlflowClient

    for name in ("mlflow", "alembic"):  # "Creating initial MLflow database tables..." is no news for the user
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # its retries are told once, by the error that ends them
    with server_errors():
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def is_sqlite(uri: str) -> bool:
    """Whether the tracking data lie in a file of this machine."""
    return uri.startswith(_SQLITE)


@contextmanager
def server_errors() -> Iterator[None]:
    """Turns what MLflow and the layers below it raise into a ServerError without addresses or paths."""
    import requests
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except MlflowException as error:
        _logger.debug("MLflow refused", exc_info=True)
        advice = "is its server started, and 'mlflow_url' right?"
        raise ServerError(f"The MLflow registry refuses or does not answer ({error.error_code}): {advice}") from None
    except (SQLAlchemyError, requests.RequestException) as error:
        _logger.debug("MLflow failed", exc_info=True)
        raise ServerError(f"The MLflow registry does not answer ({type(error).__name__}); is it started?") from None
    except OSError as error:
        raise StorageError(f"The MLflow artifacts cannot be read or written: {error.strerror}.") from None


def _refuse_broken_file(path: Path) -> None:
    """MLflow tries a broken SQLite file again and again for minutes; this asks it once."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("PRAGMA schema_version").fetchone()
    except OSError as error:
        raise StorageError(f"The folder of MLflow's database cannot be made: {error.strerror}.") from None
    except sqlite3.Error as error:
        raise ServerError(f"MLflow's SQLite database cannot be opened: {error}.") from None

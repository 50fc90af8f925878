"""What every command shares: the home, JSON on request, one clear line for each failure."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter
from rich.console import Console

from components.errors import RadloopError, ServerError, StorageError
from components.settings import Settings, load_settings
from flows._servers import prefect_environment, prefect_url
from flows._stack import running_servers
from flows._telling import tell_at

_PLAIN_WIDTH = 120  # of tables in a file or a log; a terminal tells its own


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """Options of every command."""

    home: Annotated[Path | None, Parameter(help="folder of all radloop keeps [RADLOOP_HOME; ./radloop-home]")] = None
    json: Annotated[bool, Parameter(negative=(), help="print one JSON document on stdout")] = False

    def settings(self, **overrides: Any) -> Settings:
        """The settings of this home; its folder exists afterwards, for its owner only."""
        settings = load_settings(self.home, **overrides)
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.environ["RADLOOP_HOME"] = str(settings.home.absolute())
        return settings

    @property
    def console(self) -> Console:
        """Where people read: standard output, or standard error when standard output is JSON."""
        console = Console(stderr=self.json, soft_wrap=True)
        return console if console.is_terminal else Console(stderr=self.json, soft_wrap=True, width=_PLAIN_WIDTH)

    def answer(self, document: Any) -> None:
        """Prints the JSON document when it was asked for."""
        if self.json:
            Console(soft_wrap=True).print(json.dumps(document, default=str), markup=False, highlight=False)


@contextmanager
def prefect_session(settings: Settings, common: Common) -> Iterator[None]:
    """Flows run against `radloop up`'s Prefect server where it runs, else against a short-lived one of their own."""
    for name, value in prefect_environment(settings).items():
        os.environ.setdefault(name, value)
    if any(running.name == "prefect" and running.process() for running in running_servers(settings)):
        os.environ.setdefault("PREFECT_API_URL", f"{prefect_url(settings)}/api")
    tell_at(common.console)
    with clear_errors():
        yield


@contextmanager
def clear_errors() -> Iterator[None]:
    """Turns what engines and the operating system raise into one clear line that says what to do.

    Raises:
        StorageError: disk full, or no right to a file.
        ServerError: Prefect's server cannot be reached.
    """
    try:
        yield
    except RadloopError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError("The disk is full: free some space or move the home, then run the same again.") from None
        if isinstance(error, PermissionError):
            raise StorageError("A file may not be read or written: check who owns the home and the source.") from None
        raise
    except Exception as error:
        if _is_unreachable_prefect(error):
            address = os.environ.get("PREFECT_API_URL", "its local address")
            raise ServerError(f"Prefect does not answer at {address}: start it with `radloop up`.") from None
        raise


def _is_unreachable_prefect(error: BaseException) -> bool:
    import httpx
    from prefect.exceptions import PrefectHTTPStatusError

    unreachable = isinstance(error, httpx.TransportError | PrefectHTTPStatusError)
    return unreachable or (isinstance(error, RuntimeError) and "API" in str(error))

"""What a person sees of long work: lines and a bar at the terminal, a progress artifact in Prefect."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

log = logging.getLogger(__name__)

Report = Callable[[int, int], None]
"""Called with (done, total) as work goes on."""

_ARTIFACT_EVERY_S = 2.0
_console: Console | None = None


def tell_at(console: Console | None) -> None:
    """Lines and bars go to `console` from now on; None (a worker without a terminal) sends them to the log."""
    global _console  # noqa: PLW0603  # one process has one terminal
    _console = console


def say(text: str) -> None:
    """One line to whoever is watching."""
    if _console is None:
        log.info("%s", text)
    else:
        _console.print(text, highlight=False)


@contextmanager
def progress(what: str, key: str) -> Iterator[Report]:
    """A function that long work calls with (done, total); `key` names the artifact in Prefect's UI."""
    artifact = _Artifact(what, key)
    if _console is None or not _console.is_terminal:
        yield artifact
        artifact.finish()
        return
    columns = (TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_console, transient=True) as bars:
        bar = bars.add_task(what, total=None)

        def both(done: int, total: int) -> None:
            bars.update(bar, completed=done, total=total)
            artifact(done, total)

        yield both
    artifact.finish()


def flush_prefect() -> None:
    """Sends what is still queued for Prefect's server: before it is stopped, not at this process's end."""
    if "prefect" in sys.modules:
        from prefect.events.worker import EventsWorker
        from prefect.logging.handlers import APILogHandler

        APILogHandler().flush()
        EventsWorker.drain_all(timeout=_ARTIFACT_EVERY_S)


class _Artifact:
    """A progress artifact of the running flow, updated every few seconds at most; nothing outside a flow."""

    def __init__(self, what: str, key: str) -> None:
        self._thread = threading.get_ident()
        self._last = time.monotonic()
        self._id: UUID | None = None
        if "prefect" not in sys.modules:  # a command without a flow does not wait for its import
            return
        from prefect.artifacts import create_progress_artifact
        from prefect.context import FlowRunContext

        if FlowRunContext.get() is not None:
            made = create_progress_artifact(0.0, key=key, description=what)
            self._id = made if isinstance(made, UUID) else None

    def __call__(self, done: int, total: int) -> None:
        # the artifact's client belongs to the flow's own thread
        due = time.monotonic() - self._last >= _ARTIFACT_EVERY_S
        if due and total and threading.get_ident() == self._thread:
            self._last = time.monotonic()
            self._update(100.0 * done / total)

    def finish(self) -> None:
        self._update(100.0)

    def _update(self, percent: float) -> None:
        if self._id:
            from prefect.artifacts import update_progress_artifact

            update_progress_artifact(self._id, percent)

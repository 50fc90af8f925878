"""The ingest as a process of its own, for tests that kill it or run two at once."""

import multiprocessing
import os
import resource
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import psutil
from upath import UPath

from components.catalog import Catalog
from components.deidentify import Crosswalk, Pseudonymiser
from components.intake import IngestResult, _taking, ingest
from components.settings import DeidentifySettings, ImagingSettings

Catalog.open("sqlite://").close()  # loads what is loaded late: in the server, once for all its children

KEY = b"k" * 32
NOW = datetime(2026, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Home:
    """Where one ingest, or two at once, put what they make."""

    folder: Path
    url: str

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    def memory_of(self, source: Path) -> list[int]:
        """Bytes of memory that this process holds, after each file of the source."""
        sizes: list[int] = []
        this = psutil.Process()
        self.ingest(source, progress=lambda *_: sizes.append(this.memory_info().rss))
        return sizes

    def ingest(
        self, source: Path | None = None, *, workers: int = 0, progress: Callable[[int, int], None] | None = None
    ) -> IngestResult:
        """What `radloop ingest` does of receiving; without a source, of the inbox."""
        crosswalk = Crosswalk(self.folder / "crosswalk", KEY)
        with Catalog.open(self.url) as catalog:
            return ingest(
                [source or self.inbox],
                catalog=catalog,
                store=UPath(self.folder / "store"),
                quarantine=self.folder / "quarantine",
                pseudonymiser=Pseudonymiser(KEY, max_shift_days=365),
                crosswalk=crosswalk,
                site="local",
                deidentify=DeidentifySettings(),
                imaging=ImagingSettings(size=64),
                now=NOW,
                inbox=self.inbox,
                workers=workers,
                progress=progress,
            )


def _work(home: Home, source: Path | None, headroom: int | None, begun: Connection) -> None:
    _taking._BATCH = _taking._BATCH_REPORTS = 4  # more moments between two batches
    if headroom is not None:
        bound = psutil.Process().memory_info().vms + headroom
        resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    begun.send(None)
    home.ingest(source)


def start(home: Home, source: Path | None = None, *, headroom: int | None = None) -> BaseProcess:
    """An ingest that has just begun; `headroom`: it may take so many bytes of address space more than it has."""
    os.environ["PYTHONPATH"] = str(Path(__file__).parent)  # the server looks for what it loads there and nowhere else
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    here, there = context.Pipe()
    process: BaseProcess = context.Process(target=_work, args=(home, source, headroom, there))
    process.start()
    there.close()
    here.recv()
    here.close()
    return process

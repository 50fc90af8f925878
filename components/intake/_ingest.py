"""Intake as a whole: files and messages in, de-identified images and reports in the catalog."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path

from upath import UPath

from components.catalog import Catalog
from components.deidentify import Crosswalk, Pseudonymiser
from components.intake._admission import Admission
from components.intake._disk import writing
from components.intake._image import ImageTools
from components.intake._media import is_directory_of_media, is_zip
from components.intake._notebook import Notebook
from components.intake._prepare import Workshop
from components.intake._quarantine import THE_QUARANTINE, Quarantine
from components.intake._read import MAX_BYTES
from components.intake._result import IngestResult
from components.intake._runs import RunFolder
from components.intake._scan import files_under
from components.intake._shelf import Shelf
from components.intake._taking import Taking
from components.intake._workers import workers_for
from components.settings import DeidentifySettings, ImagingSettings

Progress = Callable[[int, int], None]

_LARGEST_COPY = 256 << 20  # a larger file that is refused leaves a note in quarantine, and no copy


def ingest(  # noqa: PLR0913 – one keyword for each room it fills
    sources: Sequence[Path],
    *,
    reports: Sequence[Path] = (),
    catalog: Catalog,
    store: UPath,
    quarantine: Path,
    pseudonymiser: Pseudonymiser,
    crosswalk: Crosswalk,
    site: str,
    deidentify: DeidentifySettings,
    imaging: ImagingSettings,
    now: datetime,
    max_bytes: int = MAX_BYTES,
    inbox: Path | None = None,
    workers: int | None = 0,
    progress: Progress | None = None,
) -> IngestResult:
    """Takes in every chest radiograph and report of the sources; a second run over the same adds nothing.

    Images come first and reports after, so that names in a study's headers help to clean its report. What is
    refused is copied to quarantine with its reason, and the run goes on. `IngestResult` says how items are counted.

    A run may be ended at any moment, and another may run beside it: the next one completes, and what is in the
    catalog and the store is what a single undisturbed run would have made.

    Args:
        sources: files or folders (taken in depth); its content says what a file is, not its name.
        reports: further files of reports.
        catalog: where records go; its methods' errors pass through.
        store: images go to dicom/PATIENT/STUDY/IMAGE.dcm and input/PATIENT/STUDY/IMAGE.png, before the catalog.
        quarantine: owner-only folder; may lie below a source, and is then passed over.
        pseudonymiser: gives every pseudonym and date shift.
        crosswalk: keeps the originals, encrypted.
        site: name of the hospital in the catalog.
        deidentify: options of the header profile.
        imaging: size and cropping of the models' input.
        now: aware, in UTC; the time of receipt.
        max_bytes: larger images are refused unread; files of reports are read piece by piece.
        inbox: files below this folder go when they are taken in, or moved to quarantine; others are left alone.
        workers: how many processes prepare images, by Ray; 0: this one alone, where a decoder's crash ends the run.
            None: 0 for few files (1 after a run that ended so), else one a core.
        progress: called with (files done, files in all).

    Raises:
        StorageError: a source is missing, the disk is full, or a store cannot be written.
        ServerError: the catalog's server or Ray's cluster does not answer.
    """
    tools = ImageTools(
        pseudonymiser=pseudonymiser, deidentify=deidentify, imaging=imaging, site=site, max_bytes=max_bytes
    )
    with writing(THE_QUARANTINE):
        quarantine.mkdir(mode=0o700, parents=True, exist_ok=True)
    everything = [*sources, *reports]
    count = _Count(progress, total=sum(1 for _ in files_under(everything, skip=quarantine)))
    containers = [*_containers(everything, inbox)] if inbox is not None else []
    with (
        RunFolder(quarantine, THE_QUARANTINE) as run,
        Shelf(store) as shelf,
        closing(Notebook(run.path / "notebook")) as notebook,
    ):
        admission = Admission(
            catalog=catalog, crosswalk=crosswalk, shelf=shelf, notebook=notebook, tools=tools, now=now
        )
        taking = Taking(
            admission=admission,
            quarantine=Quarantine(quarantine, run, now, largest=min(max_bytes, _LARGEST_COPY)),
            workshop=Workshop(tools, store, shelf.staging),
            inbox=inbox,
            done=count.one_more,
        )
        files = files_under(everything, skip=quarantine, unpacked=run.path)
        taking.take(files, workers=workers_for(count.total, workers, after_crash=run.after_crash))
        with writing("The inbox"):
            for path in containers:  # all that was in them, or that they list, is safe
                if path not in taking.staying:
                    path.unlink(missing_ok=True)
        return admission.result()


def _containers(sources: Sequence[Path], inbox: Path) -> Iterator[Path]:
    """Zip files and directories of media in the inbox, of which the sources hold what they hold or list."""
    for folder, _, names in os.walk(inbox):
        for path in (Path(folder, name) for name in names):
            among = any(path.is_relative_to(source) for source in sources)
            if among and (is_zip(path) or is_directory_of_media(path)):
                yield path


class _Count:
    """Files done, of those there were at the beginning."""

    def __init__(self, progress: Progress | None, *, total: int) -> None:
        self.total = total
        self._done = 0
        self._progress = progress

    def one_more(self) -> None:
        self._done += 1
        if self._progress:
            self._progress(self._done, max(self._done, self.total))  # some may have come since, or were unpacked

"""Intake as a whole: files and messages in, de-identified images and reports in the catalog."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

from upath import UPath

from components.catalog import Catalog
from components.deidentify import Crosswalk, Pseudonymiser
from components.errors import CatalogError, RefusedInputError
from components.intake._disk import take_away, write_whole
from components.intake._hl7 import parse_message, split_messages
from components.intake._image import ImageTools, KnownImage, prepare_image
from components.intake._message import ReportMessage
from components.intake._quarantine import Quarantine
from components.intake._read import MAX_BYTES, too_large
from components.intake._reason import Reason, refused
from components.intake._report import prepare_report, report_pseudonym, version_of
from components.intake._result import IngestResult
from components.intake._scan import Kind, files_under, kind_of
from components.intake._table import parse_row, split_rows
from components.settings import DeidentifySettings, ImagingSettings

logger = logging.getLogger(__name__)

Progress = Callable[[int, int], None]
_ENDINGS = {Kind.DICOM: "dcm", Kind.HL7: "hl7", Kind.CSV: "csv", Kind.OTHER: "bin"}


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
    progress: Progress | None = None,
) -> IngestResult:
    """Takes in every chest radiograph and report of the sources; a second run over the same adds nothing.

    Images come first and reports after, so that names in a study's headers help to clean its report. What is
    refused is copied to quarantine with its reason, and the run goes on. `IngestResult` says how items are counted.

    Args:
        sources: files or folders (taken in depth); its content says what a file is, not its name.
        reports: further HL7 or CSV files.
        catalog: where records go; its methods' errors pass through.
        store: images go to dicom/PATIENT/STUDY/IMAGE.dcm and input/PATIENT/STUDY/IMAGE.png, before the catalog.
        quarantine: owner-only folder; may lie below a source, and is then passed over.
        pseudonymiser: gives every pseudonym and date shift.
        crosswalk: keeps the originals, encrypted.
        site: name of the hospital in the catalog.
        deidentify: options of the header profile.
        imaging: size and cropping of the models' input.
        now: aware, in UTC; the time of receipt.
        max_bytes: larger files are refused unread.
        progress: called with (files done, files in all).

    Raises:
        StorageError: a source is missing, the disk is full, or a store cannot be written.
        ServerError: the catalog's server does not answer.
    """
    tools = ImageTools(
        pseudonymiser=pseudonymiser, deidentify=deidentify, imaging=imaging, site=site, max_bytes=max_bytes
    )
    run = _Run(
        catalog=catalog, store=store, quarantine=Quarantine(quarantine, now), crosswalk=crosswalk, tools=tools, now=now
    )
    everything = [*sources, *reports]
    total = sum(1 for _ in files_under(everything, skip=quarantine)) if progress else 0
    held_back: list[tuple[Path, Kind]] = []
    done = 0
    for path in files_under(everything, skip=quarantine):
        kind = run.take_file(path)
        if kind is not None:
            held_back.append((path, kind))
        else:
            done += 1
            _tell(progress, done, total)
    for path, kind in held_back:
        run.take_reports(path, kind)
        done += 1
        _tell(progress, done, total)
    return run.result()


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, max(done, total))  # a file may have come since they were counted


@contextmanager
def _conflicts_refused() -> Iterator[None]:
    try:
        yield
    except CatalogError as error:
        raise refused(Reason.CONFLICT, str(error)) from None


@dataclass(kw_only=True)
class _Run:
    """One run's effects and counts."""

    catalog: Catalog
    store: UPath
    quarantine: Quarantine
    crosswalk: Crosswalk
    tools: ImageTools
    now: datetime

    def __post_init__(self) -> None:
        self._known = self.catalog.known_images()
        self._names: dict[str, set[str]] = defaultdict(set)  # patient and accession pseudonyms → names
        self._identifiers: dict[str, set[str]] = defaultdict(set)
        self._new_images: Counter[str] = Counter()  # study → images stored by this run
        self._new_reports: Counter[str] = Counter()
        self._duplicates = 0
        self._refused: Counter[str] = Counter()

    def take_file(self, path: Path) -> Kind | None:
        """Takes a DICOM file, or refuses a file; the kind of a report file, which is not yet taken."""
        kind = Kind.OTHER
        try:
            if path.stat().st_size > self.tools.max_bytes:
                raise too_large(self.tools.max_bytes)
            kind = kind_of(path)
            if kind in (Kind.HL7, Kind.CSV):
                return kind
            if kind is Kind.OTHER:
                raise refused(Reason.NOT_DICOM, "The file is neither DICOM nor a report.")
            self._take_image(path)
        except RefusedInputError as refusal:
            self._refuse(refusal)
            if refusal.reason == Reason.TOO_LARGE and kind is Kind.OTHER:
                self.quarantine.add_note(path, refusal)
            else:
                self.quarantine.add_file(path, refusal, _ENDINGS[kind])
        except OSError:
            unreadable = refused(
                Reason.UNREADABLE_FILE, "The file cannot be opened: give this user the right to read it."
            )
            self._refuse(unreadable)
            self.quarantine.add_file(path, unreadable, _ENDINGS[kind])
        return None

    def take_reports(self, path: Path, kind: Kind) -> None:
        """Takes every report of an HL7 or CSV file."""
        try:
            content = path.read_bytes()
            if kind is Kind.HL7:
                for message in split_messages(content):
                    self._take_report(message, "hl7", partial(parse_message, message))
            else:
                for alone, row in split_rows(content):
                    self._take_report(alone, "csv", partial(parse_row, row))
        except RefusedInputError as refusal:  # of the table as a whole
            self._refuse(refusal)
            self.quarantine.add_file(path, refusal, _ENDINGS[kind])

    def result(self) -> IngestResult:
        """Matches what waits, and counts."""
        self.catalog.link_reports()
        reports = self.catalog.reports(self.tools.site)
        linked = reports[reports["study"].notna()]
        matched = self._having(self._new_images, set(linked["study"])) + self._having(
            self._new_reports, set(linked["report"])
        )
        stored = self._new_images.total() + self._new_reports.total()
        return IngestResult(
            accepted=matched,
            duplicates=self._duplicates,
            waiting=stored - matched,
            quarantined=dict(self._refused),
        )

    @staticmethod
    def _having(counts: Counter[str], matched: set[str]) -> int:
        return sum(count for key, count in counts.items() if key in matched)

    def _take_image(self, path: Path) -> None:
        prepared = prepare_image(path, self.tools, self._known)
        identity = prepared.identity
        for key in (identity.patient, identity.accession):
            if key:
                self._names[key] |= prepared.names
                self._identifiers[key] |= prepared.identifiers
        self._keep_originals(identity.originals)
        if isinstance(prepared, KnownImage):
            self._duplicates += 1
            return
        write_whole(self.store, prepared.image.dicom_key, prepared.dicom)
        write_whole(self.store, prepared.image.input_key, prepared.picture)
        try:
            with _conflicts_refused():
                added = self.catalog.add_study(prepared.study, [prepared.image])
        except RefusedInputError:
            for key in (prepared.image.dicom_key, prepared.image.input_key):
                take_away(self.store, key)
            raise
        self._known.add(identity.image)
        if added:
            self._new_images[identity.study] += 1
        else:
            self._duplicates += 1

    def _take_report(self, content: bytes, ending: str, parse: Callable[[], ReportMessage]) -> None:
        try:
            self._store_report(parse())
        except RefusedInputError as refusal:
            self._refuse(refusal)
            self.quarantine.add_content(content, refusal, ending)

    def _store_report(self, message: ReportMessage) -> None:
        pseudonymiser = self.tools.pseudonymiser
        report, version = report_pseudonym(message, pseudonymiser), version_of(message, pseudonymiser)
        # Asked before the text is cleaned: with other names known, the same report would read otherwise.
        if self.crosswalk.knows("version", version) and self.catalog.has_report(report):
            self._duplicates += 1
            return
        keys = [pseudonymiser.patient(message.patient_id)]
        if message.accession:
            keys.append(pseudonymiser.accession(message.accession))
        prepared = prepare_report(
            message,
            pseudonymiser,
            site=self.tools.site,
            now=self.now,
            names=set().union(*(self._names.get(key, set()) for key in keys)),
            identifiers=set().union(*(self._identifiers.get(key, set()) for key in keys)),
        )
        with _conflicts_refused():
            added = self.catalog.add_report(prepared.record)
        self._keep_originals((*prepared.originals, ("version", message.report_id, version)))
        if added:
            self._new_reports[report] += 1
        else:
            self._duplicates += 1

    def _keep_originals(self, originals: Sequence[tuple[str, str, str]]) -> None:
        for kind, original, pseudonym in originals:
            self.crosswalk.add(kind, original, pseudonym)

    def _refuse(self, refusal: RefusedInputError) -> None:
        self._refused[str(refusal.reason)] += 1
        logger.info("Refused (%s): %s", refusal.reason, refusal)

"""Prepared images and reports as they enter: crosswalk, image store, catalog, in an order that any crash may break.

Originals are in the crosswalk before their pseudonyms are in the catalog, and files in the store before their records
are: what an ended run leaves behind is nothing but what the next one would have done anyway.
"""

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from components.catalog import Catalog
from components.deidentify import Crosswalk, Pseudonymiser
from components.errors import CatalogError, RefusedInputError, WithdrawnError
from components.intake._image import ImageTools, KnownImage
from components.intake._message import ReportMessage
from components.intake._notebook import Notebook
from components.intake._prepare import StagedImage, same_picture
from components.intake._reason import Reason, refused
from components.intake._report import PreparedReport, prepare_report, version_of
from components.intake._result import IngestResult
from components.intake._shelf import Shelf, Staged

logger = logging.getLogger(__name__)

Refusals = list[RefusedInputError | None]

_NAME, _NUMBER = "name", "number"  # kinds of the crosswalk


@dataclass(kw_only=True)
class Admission:
    """Where things go in, and the counts of what became of them."""

    catalog: Catalog
    crosswalk: Crosswalk
    shelf: Shelf
    notebook: Notebook
    tools: ImageTools
    now: datetime

    def __post_init__(self) -> None:
        self._duplicates = 0
        self._refused: Counter[str] = Counter()

    def add_images(self, images: Sequence[StagedImage | KnownImage]) -> Refusals:
        """Stores the new ones; for each, in order, why it is refused."""
        gone = self.catalog.withdrawn(self.tools.site)
        refusals: Refusals = [_withdrawn() if image.identity.patient in gone else None for image in images]
        staying = [(place, image) for place, image in enumerate(images) if refusals[place] is None]
        self.crosswalk.add_many([(*image.identity.originals, *self._words(image)) for _, image in staying])
        new = [(place, image) for place, image in staying if isinstance(image, StagedImage)]
        self._duplicates += len(staying) - len(new)
        for (place, _), refusal in zip(new, self._stored([image for _, image in new]), strict=True):
            refusals[place] = refusal
        self._drop(image for image in images if image.identity.patient in gone)
        return refusals

    def add_reports(self, messages: Sequence[ReportMessage]) -> Refusals:
        """Stores the versions that are new; for each message, in order, why it is refused."""
        pseudonymiser, site = self.tools.pseudonymiser, self.tools.site
        gone = self.catalog.withdrawn(site)
        # Asked before the text is cleaned: with other names known, the same report would read otherwise.
        versions = [version_of(message, pseudonymiser, site) for message in messages]
        known = self.catalog.known_versions(versions)
        owners = self.catalog.patients_of(site, {_accession(message, pseudonymiser) for message in messages})
        refusals: Refusals = [None] * len(messages)
        new: list[tuple[int, PreparedReport]] = []
        for place, (message, version) in enumerate(zip(messages, versions, strict=True)):
            if pseudonymiser.patient(message.patient_id) in gone:
                refusals[place] = _withdrawn()
            elif version in known:
                self._duplicates += 1
            else:
                new.append((place, self._prepared(message, owners)))
        self.crosswalk.add_many([report.originals for _, report in new])
        judged = self.catalog.add_reports([(report.record, report.version) for _, report in new])
        for (place, report), verdict in zip(new, judged, strict=True):
            refusals[place] = self._counted(verdict, "report", report.record.report)
        return refusals

    def withdrawal_among(self, patients: Collection[str]) -> RefusedInputError | None:
        """The refusal of what names one of these patients, if that one withdrew consent."""
        gone = patients and self.catalog.withdrawn(self.tools.site).intersection(patients)
        return _withdrawn() if gone else None

    def refuse(self, refusal: RefusedInputError) -> None:
        """Counts what is refused."""
        self._refused[str(refusal.reason)] += 1
        logger.info("Refused (%s): %s", refusal.reason, refusal)

    def result(self) -> IngestResult:
        """Matches what waits, and counts."""
        self.catalog.link_reports()
        site, stored, matched = self.tools.site, 0, 0
        for kind, having in (("image", self.catalog.with_report), ("report", self.catalog.with_study)):
            for some in self.notebook.counted(kind):
                met = having(site, list(some))
                stored += sum(some.values())
                matched += sum(items for key, items in some.items() if key in met)
        return IngestResult(
            accepted=matched, duplicates=self._duplicates, waiting=stored - matched, quarantined=dict(self._refused)
        )

    def _stored(self, images: Sequence[StagedImage]) -> Refusals:
        def place(new: Iterable[int]) -> None:
            self.shelf.place([file for number in new for file in (images[number].dicom, images[number].picture)])

        judged = self.catalog.add_images([(image.study, image.image) for image in images], place)
        refusals: Refusals = []
        for image, verdict in zip(images, judged, strict=True):
            if verdict is False and not self._is_the_stored(image.dicom):
                name = image.image.image
                refusals.append(refused(Reason.CONFLICT, f"Image {name} is known with another picture, which is kept."))
            else:
                refusals.append(self._counted(verdict, "image", image.image.study))
                if image.warnings and verdict is True:
                    logger.info("Image %s: %s.", image.image.image, ", ".join(image.warnings))
        self._drop(image for image, verdict in zip(images, judged, strict=True) if verdict is not True)
        return refusals

    def _drop(self, images: Iterable[StagedImage | KnownImage]) -> None:
        staged = [image for image in images if isinstance(image, StagedImage)]
        self.shelf.drop(file for image in staged for file in (image.dicom, image.picture))

    def _is_the_stored(self, staged: Staged) -> bool:
        try:
            stored = self.shelf.read(staged.key)
        except FileNotFoundError:
            return True  # somebody took it out of the store: there is nothing to contradict
        content = staged.read()
        return stored == content or same_picture(stored, content)

    def _counted(self, verdict: bool | CatalogError, kind: str, key: str) -> RefusedInputError | None:
        if isinstance(verdict, WithdrawnError):
            return _withdrawn()
        if isinstance(verdict, CatalogError):
            return refused(Reason.CONFLICT, str(verdict))
        if verdict:
            self.notebook.count(kind, key)
        else:
            self._duplicates += 1
        return None

    def _prepared(self, message: ReportMessage, owners: Mapping[str, Collection[str]]) -> PreparedReport:
        """The report without what headers say of its patient, or of the one whose study has its accession number.

        One person may have a number at each place that sends reports.
        """
        pseudonymiser = self.tools.pseudonymiser
        patients = {pseudonymiser.patient(message.patient_id), *owners.get(_accession(message, pseudonymiser), ())}
        said = [entry for patient in patients for entry in self.crosswalk.entries(patient)]
        return prepare_report(
            message,
            pseudonymiser,
            self.tools.deidentify,
            site=self.tools.site,
            now=self.now,
            names={word for kind, word, _ in said if kind == _NAME},
            identifiers={word for kind, word, _ in said if kind == _NUMBER},
        )

    def _words(self, image: StagedImage | KnownImage) -> Iterator[tuple[str, str, str]]:
        """What the reports of this patient must not repeat, as the crosswalk keeps it until they come."""
        patient = image.identity.patient
        for kind, words in ((_NAME, image.names), (_NUMBER, image.identifiers)):
            for word in words:
                text = word.encode("utf-8", "ignore").decode()  # a half character is in no report
                yield kind, text, self.tools.pseudonymiser.version(kind, patient, text)


def _accession(message: ReportMessage, pseudonymiser: Pseudonymiser) -> str:
    return pseudonymiser.accession(message.accession) if message.accession else ""


def _withdrawn() -> RefusedInputError:
    return refused(Reason.WITHDRAWN, "The patient withdrew consent: nothing of them is kept.")

"""A published dataset into the catalog, as a site of its own: pseudonymised, packed for models, labelled."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from upath import UPath

from components.catalog import Catalog, ImageRecord, LabelEvent, Side, StudyRecord
from components.cluster import Lost, in_order
from components.datasets._chexpert import chexpert
from components.datasets._mimic import mimic
from components.datasets._nih import nih
from components.datasets._packing import Job, Packed, Workshop, packed
from components.datasets._padchest import padchest
from components.datasets._published import LeftOut, Listing, PublishedImage
from components.datasets._vindr import vindr
from components.deidentify import Crosswalk, Pseudonymiser, days_back
from components.errors import CatalogError, RefusedInputError, WithdrawnError
from components.findings import Dataset
from components.intake import Reason, Shelf, workers_for
from components.settings import DeidentifySettings, ImagingSettings

_log = logging.getLogger(__name__)

_BATCH = 128  # images that enter the catalog in one transaction
_LAYOUTS: Mapping[Dataset, Callable[[Path], Listing]] = MappingProxyType(
    {
        Dataset.CHEXPERT: chexpert,
        Dataset.MIMIC: mimic,
        Dataset.NIH: nih,
        Dataset.PADCHEST: padchest,
        Dataset.VINDR: vindr,
    }
)


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What became of each picture that the dataset lists: received = accepted + duplicates + all that is left out."""

    accepted: int
    duplicates: int
    labels: int
    left_out: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def received(self) -> int:
        """All pictures of the dataset's tables."""
        return self.accepted + self.duplicates + sum(self.left_out.values())

    def as_json(self) -> dict[str, object]:
        """The form that `radloop import --json` prints."""
        return {
            "received": self.received,
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "left_out": dict(sorted(self.left_out.items())),
            "labels": self.labels,
        }


def import_dataset(  # noqa: PLR0913  one keyword for each room it fills
    dataset: Dataset,
    folder: Path,
    *,
    catalog: Catalog,
    store: UPath,
    pseudonymiser: Pseudonymiser,
    crosswalk: Crosswalk,
    site: str,
    deidentify: DeidentifySettings,
    imaging: ImagingSettings,
    now: datetime,
    workers: int | None = 0,
    progress: Callable[[int, int], None] | None = None,
) -> ImportResult:
    """Takes in what a dataset lists; a second run over the same adds nothing, and completes one that was ended.

    The publisher's ids are ids: patients, studies and images get pseudonyms, dates are moved, originals are in the
    crosswalk. Pictures go through `components.imaging` as a hospital's do. Labels become label events whose author is
    the dataset's release; what the dataset does not label stays unlabelled. Whom the publisher held out stays on that
    side of our split.

    Args:
        folder: laid out as published.
        site: where it goes in the catalog; no patient of it is mixed with a hospital's.
        now: aware, in UTC; the time of the label events.
        workers: as in `intake.ingest`.
        progress: told (pictures done, pictures in all).

    Raises:
        ConfigurationError: the folder is not the dataset's.
        StorageError: a table or the store cannot be read or written.
        ServerError: the catalog's server or Ray's cluster does not answer.
    """
    found = _LAYOUTS[dataset](folder)
    with Shelf(store) as shelf:
        taking = _Taking(
            dataset=dataset,
            catalog=catalog,
            shelf=shelf,
            pseudonymiser=pseudonymiser,
            crosswalk=crosswalk,
            site=site,
            deidentify=deidentify,
            now=now,
            progress=progress,
            total=found.total,
        )
        workshop = Workshop(imaging=imaging, staging=shelf.staging)
        count = workers_for(found.total, workers, after_crash=False)
        outcomes = in_order(packed, workshop, taking.jobs(iter(found.items)), workers=count)
        while some := list(islice(outcomes, _BATCH)):
            taking.admit(some)
        return taking.result()


@dataclass(kw_only=True)
class _Taking:
    """One run over a dataset: which pictures are new, and the counts of what became of them."""

    dataset: Dataset
    catalog: Catalog
    shelf: Shelf
    pseudonymiser: Pseudonymiser
    crosswalk: Crosswalk
    site: str
    deidentify: DeidentifySettings
    now: datetime
    progress: Callable[[int, int], None] | None
    total: int
    _accepted: int = 0
    _duplicates: int = 0
    _labels: int = 0
    _left_out: Counter[str] = field(default_factory=Counter)
    _sides: dict[str, Side] = field(default_factory=dict)

    def jobs(self, items: Iterator[PublishedImage | LeftOut]) -> Iterator[Job]:
        """The pictures among the items, each with its pseudonyms and whether the catalog has it."""
        while some := list(islice(items, _BATCH)):
            jobs = [self._job(item) for item in some if isinstance(item, PublishedImage)]
            self._left_out.update(item.value for item in some if isinstance(item, LeftOut))
            known = self.catalog.stored_images([job.name for job in jobs])
            for job in jobs:
                job.known = job.name in known
            yield from jobs
            self._tell()

    def admit(self, outcomes: Sequence[tuple[Job, Packed | RefusedInputError | Lost | None]]) -> None:
        """Stores the new pictures, and the labels of all that are stored."""
        gone = self.catalog.withdrawn(self.site)
        staying: list[tuple[Job, Packed | None]] = []
        for job, outcome in outcomes:
            if isinstance(outcome, Lost | RefusedInputError):
                self._leave_out(job, Reason.DECODER_CRASH if isinstance(outcome, Lost) else outcome.reason)
            elif job.patient in gone:
                self._leave_out(job, Reason.WITHDRAWN)
                self.shelf.drop([outcome.picture] if outcome else [])
            else:
                staying.append((job, outcome))
        self.crosswalk.add_many([self._originals(job) for job, outcome in staying if outcome])
        refused = self._store([(job, outcome) for job, outcome in staying if outcome])
        kept = [job for job, _ in staying if job.name not in refused]
        self._labels += self.catalog.append_label_events([event for job in kept for event in self._events(job)])
        self._sides |= {job.patient: job.image.side for job in kept if job.image.side}
        self._duplicates += sum(outcome is None for _, outcome in staying)
        self._tell()

    def result(self) -> ImportResult:
        """The counts, once the publisher's split is kept for those who have no side yet."""
        settled = self.catalog.sides(self.site)
        self.catalog.assign_sides(self.site, {who: side for who, side in self._sides.items() if who not in settled})
        return ImportResult(
            accepted=self._accepted, duplicates=self._duplicates, labels=self._labels, left_out=dict(self._left_out)
        )

    def _store(self, new: Sequence[tuple[Job, Packed]]) -> set[str]:
        """Puts them into store and catalog; the images that are refused."""

        def place(fresh: Collection[int]) -> None:
            self.shelf.place([new[number][1].picture for number in fresh])

        verdicts = self.catalog.add_images([self._records(job, outcome) for job, outcome in new], place)
        refused = set()
        for (job, outcome), verdict in zip(new, verdicts, strict=True):
            if verdict is True:
                self._accepted += 1
                continue
            self.shelf.drop([outcome.picture])
            if isinstance(verdict, CatalogError):
                self._leave_out(job, Reason.WITHDRAWN if isinstance(verdict, WithdrawnError) else Reason.CONFLICT)
                refused.add(job.name)
            else:
                self._duplicates += 1
        return refused

    def _job(self, image: PublishedImage) -> Job:
        patient = self.pseudonymiser.patient(self._original(image.patient))
        study = self.pseudonymiser.uid(self._original(image.study))
        name = self.pseudonymiser.uid(self._original(f"{image.study}/{image.image}"))
        return Job(image=image, patient=patient, study=study, name=name)

    def _original(self, published: str) -> str:
        """A publisher's id as an id of this world: no hospital's number is written so."""
        return f"{self.dataset.value}:{published}"

    def _originals(self, job: Job) -> list[tuple[str, str, str]]:
        image = job.image
        return [
            ("patient", self._original(image.patient), job.patient),
            ("study", self._original(image.study), job.study),
            ("image", self._original(f"{image.study}/{image.image}"), job.name),
        ]

    def _records(self, job: Job, outcome: Packed) -> tuple[StudyRecord, ImageRecord]:
        image = job.image
        days = days_back(job.patient, self.pseudonymiser, self.deidentify)
        study = StudyRecord(
            study=job.study,
            patient=job.patient,
            accession=None,
            site=self.site,
            date=None if image.day is None or days is None else image.day - timedelta(days=days),
            age=outcome.age if image.age is None else image.age,
            sex=image.sex or outcome.sex,
            modality=image.modality,
            manufacturer=image.manufacturer,
        )
        record = ImageRecord(
            image=job.name,
            study=job.study,
            view=image.view,
            dicom_key=job.key,  # no DICOM file is kept: the picture is all there is
            input_key=job.key,
            rows=outcome.rows,
            columns=outcome.columns,
            sha256=outcome.sha256,
        )
        return study, record

    def _events(self, job: Job) -> Iterator[LabelEvent]:
        for said in job.image.said:
            for finding, assertion in said.assertions.items():
                yield LabelEvent(
                    study=job.study,
                    finding=finding,
                    assertion=assertion,
                    source=said.source,
                    author=said.author,
                    at=self.now,
                    key=f"{said.author}:{job.study}:{finding}",
                )

    def _leave_out(self, job: Job, reason: str) -> None:
        self._left_out[str(reason)] += 1
        _log.info("Image %s is left out: %s.", job.name, reason)

    def _tell(self) -> None:
        if self.progress is not None and self.total:
            done = self._accepted + self._duplicates + sum(self._left_out.values())
            self.progress(done, self.total)

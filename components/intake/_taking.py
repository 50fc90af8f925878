"""One run over the files of its sources: images first, in batches, and then the reports."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from components.cluster import Lost, in_order
from components.deidentify import Pseudonymiser
from components.errors import RefusedInputError
from components.intake._admission import Admission
from components.intake._disk import writing
from components.intake._image import KnownImage
from components.intake._media import Found, Refused
from components.intake._naming import patients_in_file, patients_in_message
from components.intake._prepare import Job, Prepared, StagedImage, Workshop, prepared
from components.intake._quarantine import Quarantine
from components.intake._reason import Reason, refused
from components.intake._reports import ReportItem, reports_in
from components.intake._scan import Kind, kind_of

T = TypeVar("T")

_ENDINGS = {
    Kind.DICOM: "dcm", Kind.STRUCTURED_REPORT: "dcm", Kind.HL7: "hl7", Kind.FHIR: "json", Kind.CSV: "csv",
    Kind.OTHER: "bin",
}  # fmt: skip
_LOOKED_UP = 64  # files whose images are looked for in the catalog at a time
_BATCH, _BATCH_BYTES = 32, 64 << 20  # images that enter the catalog in one transaction; bytes held in memory
_TASK_BYTES = 1 << 20  # files that a process works on at a stretch
_BATCH_REPORTS = 64
_HEAD = 4096
_INSTANCE = re.compile(rb"\x02\x00\x03\x00UI(..)([0-9.]{1,64})", re.DOTALL)


@dataclass(kw_only=True)
class Taking:
    """Every file is taken in or refused, and given up where it lies in the inbox or was unpacked for this run.

    `staying`: refused containers of which quarantine keeps no copy.
    """

    admission: Admission
    quarantine: Quarantine
    workshop: Workshop
    inbox: Path | None
    done: Callable[[], None]
    staying: set[Path] = field(default_factory=set)
    _images: list[tuple[Found, StagedImage | KnownImage]] = field(default_factory=list)
    _bytes: int = 0
    _reports: list[ReportItem] = field(default_factory=list)
    _read: list[Found] = field(default_factory=list)

    @property
    def _pseudonymiser(self) -> Pseudonymiser:
        return self.workshop.tools.pseudonymiser

    def take(self, files: Iterable[Found | Refused], *, workers: int) -> None:
        """Takes all of them; `workers` as in `in_order`."""
        jobs = self._jobs(files)
        for job, outcome in in_order(prepared, self.workshop, jobs, workers=workers, share=_share_of_task):
            self._take_image(job, outcome)
        self._admit_images()
        for found, kind in self.admission.notebook.put_off_files():
            self._take_reports(found, kind)
        self._admit_reports()

    def _jobs(self, files: Iterable[Found | Refused]) -> Iterator[Job]:
        """The images among the files, each with what the catalog knows of it; all others are dealt with on the way."""
        images = self._images_among(files)
        while some := list(islice(images, _LOOKED_UP)):
            names = [self._pseudonymiser.uid(_stated_instance(found.path)) for found in some]
            keys = self.admission.catalog.stored_images(names)
            for found, name in zip(some, names, strict=True):
                yield Job(found, _size(found.path), name if name in keys else None, keys.get(name))

    def _images_among(self, files: Iterable[Found | Refused]) -> Iterator[Found]:
        for found in files:
            if isinstance(found, Refused):
                self.admission.refuse(found.refusal)
                # Its other members are yet to come: it stays where it is until the run's end, or for good.
                if not self.quarantine.add_file(found.path, found.refusal, "zip", take=False):
                    self.staying.add(found.path)
                self.done()
            elif self._is_image(found):
                yield found

    def _is_image(self, found: Found) -> bool:
        kind = Kind.OTHER
        try:
            kind = kind_of(found.path)
            if kind is Kind.OTHER:
                raise refused(Reason.NOT_DICOM, "The file is neither DICOM nor a report.")
        except RefusedInputError as refusal:
            self._refuse(found, refusal, _ENDINGS[kind])
        except OSError:
            self._refuse(found, _unreadable(), _ENDINGS[kind])
        else:
            if kind is not Kind.DICOM:
                self.admission.notebook.put_off(found, kind)
            return kind is Kind.DICOM
        return False

    def _take_image(self, job: Job, outcome: Prepared | Lost) -> None:
        if isinstance(outcome, Lost):
            outcome = refused(
                Reason.DECODER_CRASH, "The program that decodes the file ended abruptly, or took far too long; twice."
            )
        elif isinstance(outcome, RefusedInputError) and outcome.reason == Reason.UNREADABLE_FILE:
            outcome = prepared(self.workshop, job)  # a cluster's other machines may not see what this one sees
        if isinstance(outcome, RefusedInputError):
            self._refuse(job.found, outcome, "dcm")
            return
        self._images.append((job.found, outcome))
        if isinstance(outcome, StagedImage):
            self._bytes += len(outcome.dicom.content) + len(outcome.picture.content)
        if len(self._images) >= _BATCH or self._bytes >= _BATCH_BYTES:
            self._admit_images()

    def _admit_images(self) -> None:
        refusals = self.admission.add_images([image for _, image in self._images])
        for (found, _), refusal in zip(self._images, refusals, strict=True):
            if refusal is None:
                self._give_up(found)
                self.done()
            else:
                self._refuse(found, refusal, "dcm")
        self._images, self._bytes = [], 0

    def _take_reports(self, found: Found, kind: Kind) -> None:
        try:
            for item in reports_in(found.path, kind):
                self._reports.append(item)
                if len(self._reports) >= _BATCH_REPORTS:
                    self._admit_reports()
        except RefusedInputError as refusal:  # of what cannot be parted into reports
            self._admit_reports()
            self._refuse(found, refusal, _ENDINGS[kind])
        except OSError:
            self._refuse(found, _unreadable(), _ENDINGS[kind])
        else:
            self._read.append(found)

    def _admit_reports(self) -> None:
        read = [(item, item.message) for item in self._reports if item.message is not None]
        refusals = [(item, item.refusal) for item in self._reports if item.refusal is not None]
        verdicts = self.admission.add_reports([message for _, message in read])
        refusals += [(item, verdict) for (item, _), verdict in zip(read, verdicts, strict=True) if verdict is not None]
        for item, reason in refusals:
            named = patients_in_message(item.content, self._pseudonymiser) if item.ending == "hl7" else set()
            refusal = self.admission.withdrawal_among(named) or reason
            self.admission.refuse(refusal)
            if refusal.reason != Reason.WITHDRAWN:
                self.quarantine.add_content(item.content, refusal, item.ending)
        for found in self._read:
            self._give_up(found)
            self.done()
        self._reports, self._read = [], []

    def _refuse(self, found: Found, refusal: RefusedInputError, ending: str) -> None:
        if self._is_ours(found) and not found.path.exists():
            return  # another ingest has taken it meanwhile
        named = patients_in_file(found.path, self._pseudonymiser) if ending == "dcm" else set()
        refusal = self.admission.withdrawal_among(named) or refusal
        self.admission.refuse(refusal)
        if refusal.reason == Reason.WITHDRAWN:
            self._give_up(found)
        else:
            self.quarantine.add_file(found.path, refusal, ending, take=self._is_ours(found))
        self.done()

    def _is_ours(self, found: Found) -> bool:
        """Whether the file goes once it is dealt with; what a person named as a source is never touched."""
        return found.temporary or (self.inbox is not None and found.path.is_relative_to(self.inbox))

    def _give_up(self, found: Found) -> None:
        if self._is_ours(found):
            with writing("The inbox"):
                found.path.unlink(missing_ok=True)


def _unreadable() -> RefusedInputError:
    return refused(Reason.UNREADABLE_FILE, "The file cannot be opened: give this user the right to read it.")


def _share_of_task(job: Job) -> float:
    """How much of a process's turn the file takes."""
    return job.size / _TASK_BYTES


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0  # which its preparation finds out as well


def _stated_instance(path: Path) -> str:
    """The SOP Instance UID by the file's first bytes; where it is not there, the image counts as new for the moment."""
    try:
        with path.open("rb") as file:
            found = _INSTANCE.search(file.read(_HEAD))
    except OSError:
        found = None
    return found[2].decode("ascii") if found else ""

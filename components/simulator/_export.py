"""The export's folder: DICOM files, messages, tables of reports, truth and identities."""

import csv
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Self

from components.errors import StorageError
from components.findings import FINDINGS, Finding
from components.simulator._canvas import Plane
from components.simulator._chance import happens, stream
from components.simulator._headers import ImageFacts, StudyFacts, image_dataset, uid_of
from components.simulator._identities import Hospital, Marker
from components.simulator._messages import CSV_COLUMNS, csv_row, oru_message
from components.simulator._odd_places import hide_identities
from components.simulator._pixels import encoded, quantised
from components.simulator._vendors import syntax_of
from components.simulator._words import Projection, Status

TRUTH_COLUMNS = (
    "study_uid",
    "sop_uid",
    "accession",
    "patient_id",
    "report_id",
    "site",
    "view",
    "date",
    *(finding.value for finding in FINDINGS),
    "lateral_only",
)
IDENTITY_COLUMNS = ("person", "role", "kind", "marker")


@dataclass(frozen=True, kw_only=True)
class HospitalSummary:
    """How much was written: studies, patients, pictures, reports (messages and table rows)."""

    studies: int
    patients: int
    images: int
    reports: int


class Export:
    """A folder being written: what the hospital sends, and beside it what only the simulator knows.

    export/dicom/PATIENT/ACCESSION/*.dcm, export/hl7/*.hl7 and export/reports.csv; truth.csv and identities.csv.
    """

    def __init__(self, out: Path, hospital: Hospital) -> None:
        self.out, self.sent, self.hospital = out, out / "export", hospital
        self._open = ExitStack()
        self._patients: set[str] = set()
        self._counts = {"studies": 0, "images": 0, "reports": 0}
        self._messages = 0

    def __enter__(self) -> Self:
        try:
            (self.sent / "hl7").mkdir(parents=True, exist_ok=True)
            self._reports = self._table(self.sent / "reports.csv", CSV_COLUMNS)
            self._truth = self._table(self.out / "truth.csv", TRUTH_COLUMNS)
            self._identities = self._table(self.out / "identities.csv", IDENTITY_COLUMNS)
            self._mark(self.hospital.markers())
        except OSError as error:
            self._open.close()
            raise _unwritten(error) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        try:
            self._open.close()
        except OSError as late:  # a full disk may show only when the tables' last lines are written
            error = error or late
        if isinstance(error, OSError):
            raise _unwritten(error) from None

    def add_study(
        self,
        study: StudyFacts,
        labels: Mapping[Finding, int],
        *,
        site: str,
        key: str,
        lateral_only: Iterable[Finding] = (),
    ) -> None:
        """Lists a study's truth, its numbers and its patient's identity.

        A finding not in `labels` stays empty; `lateral_only` are those that the frontal image does not show.
        """
        patient = study.patient
        self._counts["studies"] += 1
        if patient.patient_id not in self._patients:
            self._patients.add(patient.patient_id)
            self._mark(patient.markers())
        numbers = {"accession": study.accession, "order": study.order, "report_id": study.report_id}
        self._mark(_numbers(study, {**numbers, "study_uid": study.study_uid}))
        self._truth.writerow(
            {
                "study_uid": study.study_uid,
                "sop_uid": uid_of(key, "image", study.views[0]),
                "accession": study.accession,
                "patient_id": patient.patient_id,
                "report_id": study.report_id,
                "site": site,
                "view": study.views[0],
                "date": study.when.date().isoformat(),
                **{finding.value: labels.get(finding, "") for finding in FINDINGS},
                "lateral_only": " ".join(lateral_only),
            }
        )

    def add_image(self, study: StudyFacts, view: Projection, picture: Plane, *, key: str) -> None:
        """Writes one picture (float32 [rows, columns] 0..1, air dark) as a DICOM file."""
        rng = stream(key, "file", view)
        number = study.views.index(view) + 1
        inverted = happens(stream(key, "photometric"), study.vendor.inverted)
        image = ImageFacts(
            view=view,
            number=number,
            series_uid=uid_of(key, "series", view),
            sop_uid=uid_of(key, "image", view),
            pixels=quantised(picture, bits=study.vendor.bits, inverted=inverted, rng=rng),
            syntax=syntax_of(study.vendor, rng),
        )
        ds = image_dataset(study, image, encoded(image.pixels, image.syntax), rng)
        hide_identities(ds, study, image, rng)
        folder = self.sent / "dicom" / study.patient.patient_id / study.accession
        folder.mkdir(parents=True, exist_ok=True)
        ds.save_as(folder / f"IM{number:04d}.dcm", enforce_file_format=True)
        self._counts["images"] += 1
        self._mark(_numbers(study, {"series_uid": image.series_uid, "sop_uid": image.sop_uid}))

    def add_row(self, study: StudyFacts, text: str) -> None:
        """Adds a report to reports.csv."""
        self._reports.writerow(csv_row(study, text))
        self._counts["reports"] += 1

    def add_message(self, study: StudyFacts, text: str, *, status: Status, hours: int) -> None:
        """Writes a report as one HL7 message; files sort in the order they were sent per report."""
        self._messages += 1
        at = study.when + timedelta(hours=hours)
        control = f"{self._messages:08d}"
        message = oru_message(study, text, status=status, at=at, control=control)
        name = f"{at:%Y%m%d%H%M%S}_{study.accession}_{control}.hl7"
        (self.sent / "hl7" / name).write_bytes(message.encode("latin-1", "replace"))
        self._counts["reports"] += 1

    def summary(self) -> HospitalSummary:
        """What has been written so far."""
        return HospitalSummary(patients=len(self._patients), **self._counts)

    def _table(self, path: Path, columns: Iterable[str]) -> "csv.DictWriter[str]":
        file = self._open.enter_context(path.open("w", newline="", encoding="utf-8"))
        table = csv.DictWriter(file, list(columns), lineterminator="\n")
        table.writeheader()
        return table

    def _mark(self, markers: Iterable[Marker]) -> None:
        for marker in markers:
            self._identities.writerow(
                {"person": marker.person, "role": marker.role, "kind": marker.kind, "marker": marker.text}
            )


def _unwritten(error: OSError) -> StorageError:
    return StorageError(f"The invented hospital cannot be written: {error.strerror}. Free the place or choose another.")


def _numbers(study: StudyFacts, numbers: Mapping[str, str]) -> Iterable[Marker]:
    for kind, text in numbers.items():
        yield Marker(person=study.patient.key, role="study", kind=kind, text=text)

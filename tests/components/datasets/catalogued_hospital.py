"""An invented hospital in a catalog and a store."""

from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
from catalog_records import add_report, add_study
from PIL import Image
from upath import UPath

from components.catalog import (
    Catalog,
    ImageRecord,
    LabelEvent,
    LabelSource,
    PatientClass,
    ReportRecord,
    StudyRecord,
    View,
)
from components.findings import Assertion, Finding

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OWN_DAY = date.min
"""A study's day goes by its number."""


class Hospital:
    """A catalog and a store, filled study by study."""

    def __init__(self, folder: Path) -> None:
        self.catalog = Catalog.open(f"sqlite:///{folder / 'catalog.db'}")
        self.store = UPath(folder / "store")

    def add(  # noqa: PLR0913  what makes a study
        self,
        number: int,
        *,
        patient: int | None = None,
        views: tuple[View, ...] = (View.PA,),
        present: tuple[Finding, ...] = (),
        reported: bool = True,
        day: date | None = OWN_DAY,
    ) -> str:
        """A study with one picture a view, a report and the labeller's events; its id."""
        study, person = f"2.25.{number:04d}", f"P{number if patient is None else patient:04d}"
        record = StudyRecord(
            study=study, patient=person, accession=None, site="local",
            date=date(2025, 1, 1 + number % 28) if day == OWN_DAY else day,
            age=40 + number % 40, sex="F", modality="DX", manufacturer="Vendor",
        )  # fmt: skip
        add_study(self.catalog, record, [self._image(study, view, number) for view in views])
        if reported:
            add_report(self.catalog,
                ReportRecord(
                    report=f"R{number:04d}", patient=person, accession=None, study=study, site="local",
                    date=record.date, status="final", findings="Text.", impression="", received=NOW,
                    patient_class=list(PatientClass)[number % 2],
                )
            )  # fmt: skip
            self.say(study, {finding: Assertion.PRESENT for finding in present})
        return study

    def say(
        self,
        study: str,
        assertions: dict[Finding, Assertion],
        *,
        reader: str | None = None,
        labeler: str = "labeler-1",
        at: datetime = NOW,
    ) -> None:
        """Appends what a version of the labeller, or a reader, says of a study."""
        source = LabelSource.LABELER if reader is None else LabelSource.READER
        author = reader or labeler
        self.catalog.append_label_events(
            [
                LabelEvent(
                    study=study, finding=finding, assertion=assertion, source=source, author=author, at=at,
                    key=f"{study}/{finding}/{author}",
                )
                for finding, assertion in assertions.items()
            ]
        )  # fmt: skip

    def _image(self, study: str, view: View, number: int) -> ImageRecord:
        image, key = f"{study}.{view.value}", f"input/{study}/{view.value}.png"
        pixels = np.random.default_rng(number).integers(0, 256, (48, 48), dtype=np.uint8)
        stream = BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        (self.store / key).parent.mkdir(parents=True, exist_ok=True)
        (self.store / key).write_bytes(stream.getvalue())
        return ImageRecord(
            image=image, study=study, view=view, dicom_key=f"dicom/{image}.dcm", input_key=key,
            rows=48, columns=48, sha256="0" * 64,
        )  # fmt: skip

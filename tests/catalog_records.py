"""Small records for tests, each with sound values for whatever a test does not care about."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

from components.catalog import Catalog, ImageRecord, LabelEvent, LabelSource, ReportRecord, StudyRecord, View
from components.errors import CatalogError
from components.findings import Assertion, Finding

NOW = datetime(2024, 3, 1, 12, tzinfo=UTC)


def study(study: str = "S1", **other: Any) -> StudyRecord:
    fields: dict[str, Any] = {
        "patient": "P1",
        "accession": f"A-{study}",
        "site": "local",
        "date": date(2024, 1, 10),
        "age": 61,
        "sex": "F",
        "modality": "DX",
        "manufacturer": "Invented Imaging",
    }
    return StudyRecord(study=study, **(fields | other))


def image(image: str = "I1", study: str = "S1", **other: Any) -> ImageRecord:
    fields: dict[str, Any] = {
        "view": View.PA,
        "dicom_key": f"dicom/{image}.dcm",
        "input_key": f"input/{image}.png",
        "rows": 2048,
        "columns": 2500,
        "sha256": f"sha-{image}",
    }
    return ImageRecord(image=image, study=study, **(fields | other))


def report(report: str = "R1", **other: Any) -> ReportRecord:
    fields: dict[str, Any] = {
        "patient": "P1",
        "accession": "A-S1",
        "study": None,
        "site": "local",
        "date": date(2024, 1, 10),
        "status": "final",
        "findings": "Heart size is normal.",
        "impression": "No acute disease.",
        "received": NOW,
    }
    return ReportRecord(report=report, **(fields | other))


def event(key: str, study: str = "S1", **other: Any) -> LabelEvent:
    fields: dict[str, Any] = {
        "finding": Finding.EDEMA,
        "assertion": Assertion.PRESENT,
        "source": LabelSource.LABELER,
        "author": "rules-1",
        "at": NOW,
    }
    return LabelEvent(study=study, key=key, **(fields | other))


def add_study(catalog: Catalog, study: StudyRecord, images: Sequence[ImageRecord]) -> bool:
    """Adds the study's images; whether one was new. What one contradicts is raised."""
    return any(map(_agreed, catalog.add_images([(study, image) for image in images], lambda _: None)))


def add_report(catalog: Catalog, report: ReportRecord) -> bool:
    """Adds the version of a report; whether it was new. What it contradicts is raised."""
    version = "|".join((report.site, report.report, report.status.lower(), report.findings, report.impression))
    return _agreed(*catalog.add_reports([(report, version)]))


def _agreed(verdict: bool | CatalogError) -> bool:
    if isinstance(verdict, CatalogError):
        raise verdict
    return verdict

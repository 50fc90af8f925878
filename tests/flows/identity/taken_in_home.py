"""A home that took a simulated hospital in, and one patient of it whose traces are looked for in every file."""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pydicom

from components.catalog import Catalog
from components.datasets import freeze
from components.deidentify import open_identities
from components.intake import IngestResult, ingest
from components.labeler import label_reports
from components.settings import Settings

NOW = datetime(2026, 1, 2, tzinfo=UTC)
REASON = "consent withdrawn by letter"


@dataclass(frozen=True)
class Home:
    """A home that took a hospital's export in, and one of its patients."""

    settings: Settings
    export: Path
    patient_id: str
    pseudonym: str

    @property
    def path(self) -> Path:
        return self.settings.home

    def files_of_patient(self) -> list[Path]:
        return sorted((self.export / "dicom" / self.patient_id).rglob("*.dcm"))

    def words(self) -> set[str]:
        """The patient's identifiers, and what the home's key makes of them but for the patient's own pseudonym."""
        found = {self.patient_id}
        for file in self.files_of_patient():
            ds = pydicom.dcmread(file, stop_before_pixels=True)
            keywords = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "AccessionNumber")
            found |= {str(ds.get(keyword)) for keyword in keywords}
            found |= {part for part in str(ds.PatientName).replace("=", "^").split("^") if len(part) > 4}
        found |= {row["report_id"] for row in self.reports() if row["patient_id"] == self.patient_id}
        with open_identities(self.settings) as identities:
            names = identities.pseudonymiser
            made = {form(word) for word in found for form in (names.uid, names.accession, names.report)}
            assert names.patient(self.patient_id) == self.pseudonym
        return found | made

    def reports(self) -> list[dict[str, str]]:
        with (self.export / "reports.csv").open(newline="") as file:
            return list(csv.DictReader(file))

    def where(self, words: set[str]) -> set[str]:
        """Names of files of the home that hold one of the words, in their bytes or their path."""
        return {
            file.name
            for file in self.path.rglob("*")
            if file.is_file()
            for content in [str(file.relative_to(self.path)).encode() + _unpacked(file)]
            if any(word.encode() in content for word in words)
        }

    def ingest(self, *sources: Path) -> IngestResult:
        settings = self.settings
        with (
            open_identities(settings) as identities,
            Catalog.open(settings.catalog.get_secret_value()) as catalog,
        ):
            done = ingest(
                sources,
                catalog=catalog,
                store=settings.store,
                quarantine=settings.quarantine,
                pseudonymiser=identities.pseudonymiser,
                crosswalk=identities.crosswalk,
                site=settings.site,
                deidentify=settings.deidentify,
                imaging=settings.imaging,
                now=NOW,
                inbox=settings.inbox,
            )
            label_reports(catalog, site=settings.site, now=NOW)
            return done

    def stored_in_study_of(self, ds: pydicom.Dataset) -> list[Path]:
        """De-identified files of the images of this one's study and series number."""
        with open_identities(self.settings) as identities:
            study = identities.pseudonymiser.uid(ds.StudyInstanceUID)
        folder = Path(self.settings.store.path) / "dicom" / self.pseudonym / study
        return [file for file in folder.glob("*.dcm") if pydicom.dcmread(file).SeriesNumber == ds.SeriesNumber]

    def freeze(self, run: str) -> Path:
        settings = self.settings
        folder = self.path / "runs" / run / "snapshot"
        with Catalog.open(settings.catalog.get_secret_value()) as catalog:
            freeze(
                catalog, store=settings.store, site=settings.site, folder=folder, size=32, split=settings.split,
                uncertain=settings.training.uncertain, seed=1, preprocessing="1",
            )  # fmt: skip
        return folder

    def state(self) -> dict[str, Any]:
        """What the catalog holds of whom, and which files there are."""
        with Catalog.open(self.settings.catalog.get_secret_value()) as catalog:
            tables = {name: getattr(catalog, name)() for name in ("studies", "images", "reports", "label_events")}
            sides = catalog.sides(self.settings.site)
        files = {str(file.relative_to(self.path)) for file in self.path.rglob("*") if file.is_file()}
        return {
            **{name: frame.to_csv() for name, frame in tables.items()},
            "sides": sides,
            "files": {file for file in files if not file.startswith(("ledger", "catalog.db-", "mlflow"))},
        }


def _unpacked(file: Path) -> bytes:
    """The file's bytes, and a table's cells as text: compressed, a word may lie there in pieces."""
    table = pd.read_parquet(file).to_csv().encode() if file.suffix == ".parquet" else b""
    return file.read_bytes() + table

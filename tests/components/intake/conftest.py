"""An inbox, tiny radiographs and messages to put into it, and an intake over a catalog of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian
from structured_report import structured_report
from upath import UPath

from components.catalog import Catalog
from components.deidentify import Crosswalk, Pseudonymiser, quiet_dicom
from components.intake import IngestResult, ingest
from components.settings import DeidentifySettings, ImagingSettings

KEY = b"k" * 32


@dataclass
class Hospital:
    """Where tests put files, and what intake makes of them."""

    home: Path
    inbox: Path
    catalog: Catalog
    crosswalk: Crosswalk
    pseudonymiser: Pseudonymiser

    @property
    def store(self) -> Path:
        return self.home / "store"

    @property
    def quarantine(self) -> Path:
        return self.home / "quarantine"

    def ingest(self, *sources: Path, **options: object) -> IngestResult:
        return ingest(
            list(sources) or [self.inbox],
            **{
                "catalog": self.catalog,
                "store": UPath(self.store),
                "quarantine": self.quarantine,
                "pseudonymiser": self.pseudonymiser,
                "crosswalk": self.crosswalk,
                "site": "local",
                "deidentify": DeidentifySettings(),
                "imaging": ImagingSettings(size=64),
                "now": datetime(2026, 1, 2, tzinfo=UTC),
                **options,
            },
        )

    def downstream(self) -> bytes:
        """Every byte and file name that intake left outside secrets and quarantine."""
        files = [file for file in self.home.rglob("*") if file.is_file()]
        files = [file for file in files if not {"inbox", "quarantine", "secrets"} & set(file.parts)]
        return b"".join(str(file).encode() + file.read_bytes() for file in files)


@pytest.fixture
def hospital(tmp_path: Path) -> Iterator[Hospital]:
    (tmp_path / "inbox").mkdir()
    catalog = Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}")
    crosswalk = Crosswalk(tmp_path / "secrets" / "crosswalk", KEY)
    yield Hospital(tmp_path, tmp_path / "inbox", catalog, crosswalk, Pseudonymiser(KEY, max_shift_days=365))
    crosswalk.close()
    catalog.close()


@pytest.fixture
def radiograph() -> Callable[..., FileDataset]:
    """Makes a chest radiograph; keywords override attributes, None leaves one out."""
    return _radiograph


@pytest.fixture
def put_image(hospital: Hospital) -> Callable[..., Path]:
    """Writes a chest radiograph into the inbox."""

    def put(name: str = "one.dcm", **changes: object) -> Path:
        path = hospital.inbox / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pydicom.dcmwrite(path, _radiograph(**changes), enforce_file_format=True)
        return path

    return put


@pytest.fixture
def message() -> Callable[..., str]:
    """Makes an ORU^R01 message on the radiograph that `put_image` writes."""
    return _message


@pytest.fixture
def document() -> Callable[..., FileDataset]:
    """Makes a structured report on the radiograph that `put_image` writes; keywords override attributes."""
    return structured_report


def _radiograph(**changes: object) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    with quiet_dicom():
        for keyword, value in (_ATTRIBUTES | changes).items():
            if value is not None:
                setattr(ds, keyword, value)
        if "PixelData" in ds:
            ds["PixelData"].VR = "OW"
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return ds


_ATTRIBUTES: dict[str, object] = {
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1",
    "SOPInstanceUID": "1.2.3.4.5",
    "StudyDate": "20230510",
    "StudyTime": "101500",
    "AccessionNumber": "ACC778899",
    "Modality": "CR",
    "Manufacturer": "Agfa",
    "ReferringPhysicianName": "QZREFERRER^ANNA",
    "StudyDescription": "XR CHEST",
    "PatientName": "QZFAMILY^QZGIVEN",
    "PatientID": "QZPID12345",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "BodyPartExamined": "CHEST",
    "ViewPosition": "PA",
    "StudyInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.4.1",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "Rows": 64,
    "Columns": 48,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "PixelData": (np.arange(64 * 48, dtype="<u2") % 4096).tobytes(),
}
TEXT = "FINDINGS: The lungs are clear. Mr. Qzfamily is well.~IMPRESSION: No acute disease.~Dictated by Dr. Qzreader"


def _message(  # noqa: PLR0913
    text: str = TEXT,
    *,
    accession: str = "ACC778899",
    patient: str = "QZPID12345",
    status: str = "F",
    day: str = "20230510101500",
    kind: str = "ORU^R01",
) -> str:
    lines = [
        f"MSH|^~\\&|RIS|QZHOSPITAL|RADLOOP|HOME|20230511||{kind}|CTRL1|P|2.5",
        f"PID|1||{patient}^^^HOSP^MR||QZFAMILY^QZGIVEN||19700101|F|||7 Qzstreet Road^^Qztown||(999) 555-1234",
        "PV1|1|O||||||77^QZREFERRER^ANNA",
        f"OBR|1|ORD1|FILL{accession}|71045^XR CHEST|||{day}|||||||||77^QZREFERRER^ANNA||{accession}"
        f"||||20230511||CR|{status}|||||||88&QZREADER&EVE",
        f"OBX|1|TX|GDT^REPORT||{text}||||||{status}",
    ]
    return "\r".join(lines) + "\r"

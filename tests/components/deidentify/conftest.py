"""A small chest radiograph whose header names people wherever a header can."""

import io
from collections.abc import Callable

import numpy as np
import pydicom
import pytest
from pydicom import Dataset, Sequence
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from components.deidentify import Deidentified, Pseudonymiser, deidentify_dataset, quiet_dicom
from components.settings import DeidentifySettings


@pytest.fixture
def pseudonymiser() -> Pseudonymiser:
    return Pseudonymiser(b"k" * 32, max_shift_days=365)


@pytest.fixture
def settings() -> DeidentifySettings:
    return DeidentifySettings()


@pytest.fixture
def chest() -> Callable[..., FileDataset]:
    """Makes a DX data set of about 50 elements; keywords override attributes, None leaves one out."""
    return _chest


@pytest.fixture
def written() -> Callable[[Dataset], bytes]:
    """The data set as the bytes of a file."""
    return _written


@pytest.fixture
def reread(written: Callable[[Dataset], bytes]) -> Callable[[Dataset], FileDataset]:
    """The data set as it is after writing and reading: raw elements, as in real life."""
    return lambda ds: pydicom.dcmread(io.BytesIO(written(ds)), force=True)


@pytest.fixture
def deidentified(
    reread: Callable[[Dataset], FileDataset], pseudonymiser: Pseudonymiser, settings: DeidentifySettings
) -> Callable[[Dataset], Deidentified]:
    """What de-identification makes of the data set as read from a file."""
    return lambda ds: deidentify_dataset(reread(ds), pseudonymiser, settings)


@pytest.fixture
def deidentified_with(
    reread: Callable[[Dataset], FileDataset], pseudonymiser: Pseudonymiser
) -> Callable[..., Deidentified]:
    """The same with the settings' options as keywords."""
    return lambda ds, **options: deidentify_dataset(reread(ds), pseudonymiser, DeidentifySettings(**options))


def _written(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _chest(syntax: str = ExplicitVRLittleEndian, **changes: object) -> FileDataset:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"
    meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    meta.TransferSyntaxUID = syntax
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    with quiet_dicom():
        for keyword, value in (_ATTRIBUTES | changes).items():
            if value is not None:
                setattr(ds, keyword, value)
    ds["PixelData"].VR = "OW"
    return ds


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


_ATTRIBUTES: dict[str, object] = {
    "SpecificCharacterSet": "ISO_IR 192",
    "ImageType": ["DERIVED", "PRIMARY"],
    "SOPClassUID": "1.2.840.10008.5.1.4.1.1.1.1",
    "SOPInstanceUID": "1.2.3.4.5",
    "StudyDate": "20230510",
    "SeriesDate": "20230510",
    "AcquisitionDate": "20230510",
    "ContentDate": "20230510",
    "StudyTime": "101500",
    "SeriesTime": "101501.25",
    "ContentTime": "101502",
    "AccessionNumber": "ACC778899",
    "Modality": "DX",
    "Manufacturer": "Philips Medical Systems",
    "InstitutionName": "Qzhospital",
    "ReferringPhysicianName": "QZREFERRER^ANNA",
    "StationName": "QZSTATION",
    "StudyDescription": "XR CHEST PA",
    "SeriesDescription": "Chest PA",
    "ManufacturerModelName": "DigitalDiagnost",
    "PatientName": "QZFAMILY^QZGIVEN",
    "PatientID": "QZPID12345",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "PatientAge": "053Y",
    "BodyPartExamined": "CHEST",
    "KVP": "125",
    "DeviceSerialNumber": "QZSERIAL1",
    "SoftwareVersions": "4.2.1",
    "ProtocolName": "CHEST PA",
    "ExposureTime": "12",
    "XRayTubeCurrent": "300",
    "Exposure": "4",
    "ImagerPixelSpacing": ["0.143", "0.143"],
    "DetectorType": "SCINTILLATOR",
    "DetectorID": "QZDETECTOR",
    "ExposureIndex": "250",
    "ViewPosition": "PA",
    "StudyInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.4.1",
    "StudyID": "QZSTUDY77",
    "SeriesNumber": "1",
    "InstanceNumber": "1",
    "PatientOrientation": ["R", "F"],
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "Rows": 16,
    "Columns": 16,
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "BurnedInAnnotation": "NO",
    "WindowCenter": "2048",
    "WindowWidth": "4096",
    "ViewCodeSequence": Sequence([_code("272479007", "SCT", "postero-anterior")]),
    "PixelData": np.arange(256, dtype="<u2").tobytes(),
}

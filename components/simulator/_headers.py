"""Complete CR and DX headers round a picture, as the machines write them."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    UID,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRLittleEndian,
    generate_uid,
)

from components.simulator._chance import happens, pick
from components.simulator._identities import Hospital, Patient, Person
from components.simulator._pixels import Quantised
from components.simulator._vendors import Vendor
from components.simulator._words import Modality, Projection

_DETECTOR_MM = 430.0
_CODES = {  # view: ViewPosition, SNOMED CT code and meaning (CID 4010), orientation
    Projection.PA: ("PA", "272479007", "postero-anterior", ["L", "F"]),
    Projection.AP: ("AP", "399348003", "antero-posterior", ["L", "F"]),
    Projection.LATERAL: ("LL", "399173006", "left lateral", ["P", "F"]),
}
_SERIES = {
    Projection.PA: "W033 Chest PA",
    Projection.AP: "Chest AP portable",
    Projection.LATERAL: "Chest LAT",
}


@dataclass(frozen=True, kw_only=True)
class StudyFacts:
    """One visit: who, when, why, and its numbers."""

    patient: Patient
    hospital: Hospital
    when: datetime
    study_uid: str
    accession: str
    order: str
    report_id: str
    referrer: Person
    technologist: Person
    radiologist: Person
    indication: str
    age: int
    views: tuple[Projection, ...]
    vendor: Vendor
    portable: bool


@dataclass(frozen=True, kw_only=True)
class ImageFacts:
    """One picture of a visit."""

    view: Projection
    number: int
    series_uid: str
    sop_uid: str
    pixels: Quantised
    syntax: UID


def uid_of(*key: object) -> str:
    """The UID that belongs to `key`."""
    return str(generate_uid(entropy_srcs=[str(part) for part in key]))


def coded(value: str, scheme: str, meaning: str) -> Dataset:
    """A code sequence item."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def image_dataset(study: StudyFacts, image: ImageFacts, frame: bytes, rng: np.random.Generator) -> FileDataset:
    """The whole file but for the odd places: patient, study, series, equipment, acquisition, pixels."""
    storage = (
        ComputedRadiographyImageStorage
        if study.vendor.modality is Modality.CR
        else DigitalXRayImageStorageForPresentation
    )
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = storage, UID(image.sop_uid)
    meta.TransferSyntaxUID = image.syntax
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = storage, image.sop_uid
    _patient(ds, study, rng)
    _study(ds, study)
    _series(ds, study, image, rng)
    _equipment(ds, study)
    _acquisition(ds, study, image, rng)
    _pixels(ds, image, frame, study.vendor, rng)
    return ds


def _patient(ds: Dataset, study: StudyFacts, rng: np.random.Generator) -> None:
    patient = study.patient
    ds.PatientName = patient.dicom
    ds.PatientID = patient.patient_id
    ds.IssuerOfPatientID = study.hospital.key.upper()
    ds.PatientBirthDate = patient.birth_date.strftime("%Y%m%d")
    ds.PatientSex = patient.sex
    ds.PatientAge = f"{study.age:03d}Y"
    ds.OtherPatientIDs = patient.other_id
    ds.PatientAddress = f"{patient.street}, {patient.city}"
    ds.PatientTelephoneNumbers = patient.phone
    ds.PatientWeight = f"{rng.normal(76, 14):.1f}"
    ds.PatientSize = f"{rng.normal(1.71, 0.09):.2f}"
    ds.EthnicGroup = ""
    ds.PatientComments = pick(
        rng, ("", f"Contact {patient.email}", f"Relative: Mrs. {patient.family}, tel {patient.phone}")
    )


def _study(ds: Dataset, study: StudyFacts) -> None:
    ds.StudyInstanceUID = study.study_uid
    ds.StudyDate, ds.StudyTime = study.when.strftime("%Y%m%d"), study.when.strftime("%H%M%S")
    ds.AccessionNumber = study.accession
    ds.StudyID = study.order
    ds.ReferringPhysicianName = study.referrer.dicom
    ds.ReferringPhysicianTelephoneNumbers = study.referrer.phone
    ds.NameOfPhysiciansReadingStudy = study.radiologist.dicom
    ds.StudyDescription = "XR CHEST PORTABLE" if study.portable else f"XR CHEST {len(study.views)} VIEW"
    ds.AdmittingDiagnosesDescription = study.indication[:64].strip()
    procedure = ("36554-4", "XR Chest Single view") if len(study.views) == 1 else ("36643-5", "XR Chest 2 Views")
    ds.ProcedureCodeSequence = Sequence([coded(procedure[0], "LN", procedure[1])])


def _series(ds: Dataset, study: StudyFacts, image: ImageFacts, rng: np.random.Generator) -> None:
    position, code, meaning, orientation = _CODES[image.view]
    ds.Modality = study.vendor.modality
    ds.SeriesInstanceUID = image.series_uid
    ds.SeriesNumber, ds.InstanceNumber = str(image.number), "1"
    ds.SeriesDate, ds.SeriesTime = ds.StudyDate, ds.StudyTime
    ds.SeriesDescription = _SERIES[image.view]
    ds.BodyPartExamined = pick(rng, ("CHEST", "CHEST", "CHEST", "THORAX"))
    ds.ProtocolName = f"{ds.BodyPartExamined} {position}"
    ds.PatientOrientation = orientation
    ds.ViewPosition = "" if happens(rng, 0.08) else position  # left empty, codes and descriptions still tell
    ds.Laterality = ""
    if study.vendor.modality is Modality.DX:
        ds.ViewCodeSequence = Sequence([coded(code, "SCT", meaning)])
        ds.AnatomicRegionSequence = Sequence([coded("51185008", "SCT", "Chest")])
        ds.PresentationIntentType = "FOR PRESENTATION"
        ds.ImageLaterality = "U"
    ds.OperatorsName = [study.technologist.dicom]
    ds.PerformingPhysicianName = study.radiologist.dicom


def _equipment(ds: Dataset, study: StudyFacts) -> None:
    vendor, hospital = study.vendor, study.hospital
    ds.Manufacturer, ds.ManufacturerModelName = vendor.manufacturer, vendor.model
    ds.SoftwareVersions = vendor.software
    ds.DeviceSerialNumber = hospital.serials[vendor.serial]
    ds.StationName = hospital.stations[vendor.serial]
    ds.InstitutionName, ds.InstitutionAddress = hospital.name, hospital.address
    ds.InstitutionalDepartmentName = "Röntgen / Radiology"


def _acquisition(ds: Dataset, study: StudyFacts, image: ImageFacts, rng: np.random.Generator) -> None:
    ds.AcquisitionDate = ds.ContentDate = ds.StudyDate
    ds.AcquisitionTime = ds.ContentTime = ds.StudyTime
    ds.AcquisitionDateTime = study.when.strftime("%Y%m%d%H%M%S")
    ds.ImageType = ["ORIGINAL" if study.vendor.modality is Modality.CR else "DERIVED", "PRIMARY"]
    ds.KVP = "85" if study.portable else "125"
    ds.ExposureTime, ds.XRayTubeCurrent = int(rng.integers(4, 30)), int(rng.integers(120, 400))
    ds.Exposure = int(rng.integers(1, 9))
    ds.DistanceSourceToDetector = "1100" if study.portable else "1800"
    ds.Grid = "NONE" if study.portable else "FOCUSED"
    ds.FilterType = "NONE"
    if study.vendor.modality is Modality.CR:
        ds.PlateID = f"{study.vendor.detector}-{int(rng.integers(100, 999))}"
        ds.CassetteSize = "35CMX43CM"
    else:
        ds.DetectorType, ds.DetectorDescription = "SCINTILLATOR", study.vendor.detector
        ds.DetectorID = study.hospital.serials[study.vendor.serial] + "D"
        ds.ExposureIndex, ds.DeviationIndex = str(int(rng.integers(180, 420))), f"{rng.normal(0, 1):.1f}"


def _pixels(ds: FileDataset, image: ImageFacts, frame: bytes, vendor: Vendor, rng: np.random.Generator) -> None:
    pixels = image.pixels
    rows, columns = pixels.values.shape
    spacing = f"{_DETECTOR_MM / max(rows, columns):.4f}"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME1" if pixels.inverted else "MONOCHROME2"
    ds.Rows, ds.Columns = rows, columns
    ds.ImagerPixelSpacing = [spacing, spacing]
    if happens(rng, 0.7):
        ds.PixelSpacing = [spacing, spacing]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, pixels.bits, pixels.bits - 1
    ds.PixelRepresentation = 0
    ds.BurnedInAnnotation = "NO"
    _values_of_interest(ds, pixels, vendor, rng)
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "US"
    ds.PresentationLUTShape = "INVERSE" if pixels.inverted else "IDENTITY"
    ds.PixelIntensityRelationship, ds.PixelIntensityRelationshipSign = "LOG", -1 if pixels.inverted else 1
    if image.syntax == ExplicitVRLittleEndian:
        ds.PixelData = frame
        ds["PixelData"].VR = "OW"
    else:
        ds.PixelData = encapsulate([frame])
        ds["PixelData"].VR = "OB"
        ds["PixelData"].is_undefined_length = True


def _values_of_interest(ds: Dataset, pixels: Quantised, vendor: Vendor, rng: np.random.Generator) -> None:
    """What to show: a window, several of them, or a table (VOI LUT Sequence)."""
    center, width = pixels.window
    if vendor.voi_tables and happens(rng, 0.5):
        entries = pixels.high - pixels.low + 1
        table = np.round(np.linspace(0, 2**pixels.bits - 1, entries)).astype("<u2")
        item = Dataset()
        item.add_new("LUTDescriptor", "US", [entries, pixels.low, pixels.bits])
        item.LUTExplanation = "CHEST"
        item.add_new("LUTData", "OW", table.tobytes())
        ds.VOILUTSequence = Sequence([item])
    elif vendor.windows > 1:
        ds.WindowCenter, ds.WindowWidth = (
            [f"{center:.1f}", f"{center * 0.9:.1f}"],
            [f"{width:.1f}", f"{width * 0.8:.1f}"],
        )
        ds.WindowCenterWidthExplanation = ["NORMAL", "HARDER"]
    else:
        ds.WindowCenter, ds.WindowWidth = f"{center:.1f}", f"{width:.1f}"
        ds.WindowCenterWidthExplanation = "NORMAL"

"""What a de-identified file says about itself (PS3.15 E.1.1, E.2; code meanings of CID 7050)."""

from pydicom import Dataset, Sequence
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from components.deidentify._elements import attribute_text
from components.deidentify._profile import EDITION
from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError
from components.settings import Dates, DeidentifySettings, DeviceDetail

IMPLEMENTATION_UID = "2.25.107329850184826403950175284902738465021"
IMPLEMENTATION_NAME = "RADLOOP_1"
_BASIC = ("113100", "Basic Application Confidentiality Profile")
_DESCRIPTORS = ("113105", "Clean Descriptors Option")
_FULL_DATES = ("113106", "Retain Longitudinal Temporal Information Full Dates Option")
_MODIFIED_DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")
_DEVICE = ("113109", "Retain Device Identity Option")
_UIDS = ("113110", "Retain UIDs Option")
_SAFE_PRIVATE = ("113111", "Retain Safe Private Option")
_MODIFIED = {Dates.MODIFIED: "MODIFIED", Dates.FULL: "UNMODIFIED", Dates.REMOVED: "REMOVED"}


def bookkeeping(settings: DeidentifySettings) -> list[DataElement]:
    """Patient Identity Removed, the method in words and codes, and what became of dates."""
    words = [f"radloop: PS3.15 annex E, edition {EDITION}"]
    if settings.keep_characteristics:
        words.append("Patient: sex, and age in years, 90 for all over 89")
    return [
        DataElement(0x00120062, "CS", "YES"),
        DataElement(0x00120063, "LO", words),
        DataElement(0x00120064, "SQ", Sequence([_code(*code) for code in _methods(settings)])),
        DataElement(0x00280303, "CS", _MODIFIED[settings.dates]),
    ]


def _methods(settings: DeidentifySettings) -> list[tuple[str, str]]:
    """The profile and the options that were applied (CID 7050)."""
    applied = {
        _BASIC: True,
        _DESCRIPTORS: settings.clean_descriptors,
        _FULL_DATES: settings.dates is Dates.FULL,
        _MODIFIED_DATES: settings.dates is Dates.MODIFIED,
        _CHARACTERISTICS: settings.keep_characteristics,
        _DEVICE: settings.device is DeviceDetail.IDENTITY,
        _UIDS: settings.keep_uids,
        _SAFE_PRIVATE: settings.keep_safe_private,
    }
    return [code for code, was in applied.items() if was]


def file_meta_of(ds: Dataset, copy: Dataset) -> FileMetaDataset:
    """File meta information with the copy's UIDs, the original's transfer syntax, and our own implementation.

    Raises:
        RefusedInputError: the copy has no such UIDs, or the transfer syntax is none of DICOM's.
    """
    sop_class, image = attribute_text(copy, "SOPClassUID"), attribute_text(copy, "SOPInstanceUID")
    if not sop_class or not image:
        raise RefusedInputError(HeaderReason.BAD_HEADER, "The file does not say what it is (no SOP Class UID).")
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = UID(sop_class)
    meta.MediaStorageSOPInstanceUID = UID(image)
    meta.TransferSyntaxUID = _transfer_syntax(ds)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    return meta


def _transfer_syntax(ds: Dataset) -> UID:
    given = getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID")
    if given:
        if not UID(str(given)).is_transfer_syntax:
            raise RefusedInputError(
                HeaderReason.BAD_HEADER, "The file names a transfer syntax that is none of DICOM's: export it again."
            )
        return UID(str(given))
    implicit, little = ds.original_encoding
    if implicit or implicit is None:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if little else ExplicitVRBigEndian


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    for tag, vr, text in ((0x00080100, "SH", value), (0x00080102, "SH", "DCM"), (0x00080104, "LO", meaning)):
        item[tag] = DataElement(tag, vr, text)
    return item

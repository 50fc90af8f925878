"""What a de-identified file says about itself (PS3.15 E.1.1, E.2; code meanings of CID 7050)."""

from pydicom import Dataset, Sequence
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.uid import UID, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from components.deidentify._profile import EDITION
from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError
from components.settings import DeidentifySettings

IMPLEMENTATION_UID = "2.25.107329850184826403950175284902738465021"
IMPLEMENTATION_NAME = "RADLOOP_1"
_BASIC = ("113100", "Basic Application Confidentiality Profile")
_DESCRIPTORS = ("113105", "Clean Descriptors Option")
_DATES = ("113107", "Retain Longitudinal Temporal Information Modified Dates Option")
_CHARACTERISTICS = ("113108", "Retain Patient Characteristics Option")
_DEVICE = ("113109", "Retain Device Identity Option")


def bookkeeping(settings: DeidentifySettings) -> list[DataElement]:
    """Patient Identity Removed, the method in words and codes, and that dates were modified."""
    codes = [_BASIC, _DESCRIPTORS, _DATES]
    if settings.keep_characteristics:
        codes.append(_CHARACTERISTICS)
    if settings.keep_device:
        codes.append(_DEVICE)
    return [
        DataElement(0x00120062, "CS", "YES"),
        DataElement(0x00120063, "LO", f"radloop: PS3.15 annex E, edition {EDITION}"),
        DataElement(0x00120064, "SQ", Sequence([_code(*code) for code in codes])),
        DataElement(0x00280303, "CS", "MODIFIED"),
    ]


def file_meta_of(ds: Dataset, image: str) -> FileMetaDataset:
    """File meta information with the pseudonymous instance UID, the transfer syntax, and our own implementation."""
    sop_class = ds.get("SOPClassUID")
    if not sop_class:
        raise RefusedInputError(HeaderReason.BAD_HEADER, "The file does not say what it is (no SOP Class UID).")
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\x00\x01"
    meta.MediaStorageSOPClassUID = sop_class
    meta.MediaStorageSOPInstanceUID = UID(image)
    meta.TransferSyntaxUID = _transfer_syntax(ds)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    return meta


def _transfer_syntax(ds: Dataset) -> UID:
    given = getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID")
    if given:
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

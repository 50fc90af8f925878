"""Planted identifiers: not one survives in the written file, wherever and however written; what is safe stays."""

import io
from collections.abc import Iterator

import pydicom
import pytest
from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom import Dataset, Sequence
from pydicom.datadict import DicomDictionary, keyword_for_tag
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import Tag
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from components.deidentify import deidentify_dataset, quiet_dicom

SYNTAXES = [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
CODECS = (
    "utf-8 utf-16-le utf-16-be latin-1 iso8859-2 iso8859-5 iso8859-7 cp1251 koi8-r iso2022_jp shift_jis euc_jp euc_kr "
    "iso2022_kr gb2312 gbk gb18030 big5"
).split()
# What makes the file a readable radiograph, and what a machine says of itself (only a known name is looked for there).
FRAME = {
    Tag(keyword)
    for keyword in (
        "SpecificCharacterSet SOPClassUID SOPInstanceUID StudyInstanceUID PatientName PatientID BurnedInAnnotation "
        "ConversionType Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel "
        "PhotometricInterpretation NumberOfFrames PixelData FloatPixelData DoubleFloatPixelData"
    ).split()
}
PRODUCTS = {
    Tag(keyword)
    for keyword in (
        "Manufacturer ManufacturerModelName SoftwareVersions SecondaryCaptureDeviceManufacturer "
        "SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions DetectorManufacturerName "
        "DetectorManufacturerModelName"
    ).split()
}
PLANTED = [b"QZFAMILY^QZGIVEN", b"QZPID1234599    ", b"Otto Zyxnobody  ", b"QZ+1(555)7654321"]
LISTED = {entry[0] << 16 | entry[1] for entry in table.ALL_TAGS if len(entry) == 2}
# From these a name becomes known; one that nobody tells of must go as well.
TELLING = LISTED | {tag for tag, (vr, *_) in DicomDictionary.items() if vr == "PN"}
SAFE_VALUES = {
    **dict.fromkeys(("LO", "SH", "ST", "LT", "UT", "UC"), "CHEST 2 VIEWS"),
    "CS": "CHEST",
    "DS": "1.5",
    "IS": "7",
    **dict.fromkeys(("US", "SS", "UL", "SL", "UV", "SV"), 3),
    **dict.fromkeys(("FL", "FD"), 0.5),
    "AT": 0x00081030,
}
# Not in the standard's table, and yet removed: free text about patients, visits and orders, numbers that name
# somebody, dates of the machine, and what another program said of its de-identification.
ALSO_REMOVED_GROUPS = {0x0010, 0x0032, 0x0038, 0x4008}
ALSO_REMOVED = {
    0x00100024, 0x00100026, 0x00100027, 0x00100033, 0x00100034, 0x00181003, 0x00181006, 0x00200070, 0x00201020,
    0x00401006, 0x00401007, 0x00402006, 0x00402007, 0x00402016, 0x00401060, 0x00400400, 0x04000120, 0x04000520,
    0x00120062, 0x00120063, 0x00280303,
}  # fmt: skip


def spellings(*names: str) -> set[bytes]:
    """Every part of the names of three bytes and more, in every coding, small letters throughout."""
    found = set()
    for name in names:
        for part in name.replace("=", "^").replace(" ", "^").split("^"):
            for codec in CODECS:
                found.add(part.encode(codec, "ignore").lower())
    return {spelling for spelling in found if len(spelling) > 3}


def survivors(content: bytes, *names: str) -> set[bytes]:
    """Which spellings stand in a file's bytes, or in its values when read (it may be deflated)."""
    ds = pydicom.dcmread(io.BytesIO(content))
    with quiet_dicom():
        plain = b"".join(_values(ds))
    return {spelling for spelling in spellings(*names) if spelling in content.lower() or spelling in plain.lower()}


def _values(ds: Dataset) -> Iterator[bytes]:
    for tag in ds.keys():
        element = ds.get_item(tag)
        if isinstance(element, RawDataElement) and isinstance(element.value, bytes):
            yield element.value
        elif ds[tag].VR == "SQ":
            for item in ds[tag].value:
                yield from _values(item)
        else:
            yield str(ds[tag].value).encode("utf-8")


def everywhere(value: bytes, skip: set[int]) -> Iterator[RawDataElement]:
    """One raw element with the value (16 bytes) for every attribute of the dictionary, whatever its VR."""
    for tag, (vr, *_, keyword) in DicomDictionary.items():
        if 0x0008 <= tag >> 16 < 0x7FE0 and tag & 0xFFFF and keyword and tag not in skip and vr != "SQ":
            yield RawDataElement(Tag(tag), vr[:2], len(value), value, 0, False, True, True)


def with_elements(ds: Dataset, elements: Iterator[RawDataElement], syntax: str) -> Dataset:
    """The data set with the elements as they would be read: what is no value of its VR is written all the same."""
    ds.set_original_encoding(syntax == ImplicitVRLittleEndian, syntax != ExplicitVRBigEndian, ds._character_set)
    for element in elements:
        ds._dict[element.tag] = element
    return ds


def nested(inner: Dataset) -> Dataset:
    """Three deep in sequences that the table does not list."""
    for keyword in ("MaskSubtractionSequence", "RealWorldValueMappingSequence", "DetectorGeometrySequence"):
        outer = Dataset()
        setattr(outer, keyword, Sequence([inner]))
        inner = outer
    return inner


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("planted", PLANTED)
def test_no_attribute_of_the_dictionary_carries_an_identifier_whatever_its_vr(
    chest, written, deidentified, syntax, planted
):
    known = planted.startswith(b"QZ")
    skip = set() if known else PRODUCTS | TELLING
    ds = with_elements(chest(syntax, PatientID="QZPID1234599"), everywhere(planted, FRAME | skip), syntax)
    inner = with_elements(Dataset(), everywhere(planted, {0x00080005, 0x00280103} | skip), syntax)
    for element in nested(inner):
        ds[element.tag] = element
    content = written(deidentified(ds).dataset)
    assert not survivors(content, "QZFAMILY^QZGIVEN", "QZPID1234599", "Zyxnobody", "7654321")


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_attribute_that_no_table_lists_is_kept_unchanged_three_deep(chest, written, deidentified, syntax):
    inner = Dataset()
    for tag, (vr, *_, keyword) in DicomDictionary.items():
        value = SAFE_VALUES.get(vr)
        if isinstance(value, str) and tag in LISTED and vr not in ("DS", "IS"):
            value = "ELSEWHERE"  # what the table lists says who or where: nothing else may repeat it
        if value is not None and 0x0008 <= tag >> 16 < 0x7FE0 and tag & 0xFFFF and keyword and tag != 0x00080005:
            inner[tag] = DataElement(tag, vr, value)
    ds = chest(syntax)
    for element in nested(inner):
        ds[element.tag] = element
    content = written(deidentified(ds).dataset)
    assert not survivors(content, "ELSEWHERE")
    kept = pydicom.dcmread(io.BytesIO(content))
    for keyword in ("DetectorGeometrySequence", "RealWorldValueMappingSequence", "MaskSubtractionSequence"):
        kept = kept[keyword].value[0]
    gone = {int(element.tag) for element in inner if element.tag not in kept}
    changed = {element.keyword for element in inner if element.tag in kept and kept[element.tag] != element}
    ours = {tag for tag in gone - LISTED if tag >> 16 not in ALSO_REMOVED_GROUPS} - ALSO_REMOVED
    assert not [DicomDictionary[tag][4] for tag in ours if tag >> 24 not in (0x50, 0x60)]
    assert changed <= {keyword_for_tag(tag) for tag in LISTED}
    assert len(kept) > 1500


CHARSETS = [
    ("ISO_IR 100", "Qzmüller^Jörgänn"),
    ("ISO_IR 101", "Qzwałęsa^Łucjaśź"),
    ("ISO_IR 144", "Щербаков^Юрийович"),
    ("ISO_IR 126", "Παπαδόπουλος^Γεώργιος"),
    (["", "ISO 2022 IR 87"], "Qzyamada^Qztarou=山田田中^太郎次郎=やまだたなか^たろうじろう"),
    (["", "ISO 2022 IR 149"], "Qzhong^Qzgildong=洪吉洞^吉洞洪=홍길동전^길동홍길"),
    (["", "ISO 2022 IR 58"], "Qzwang^Qzxiaodong=王小东明^小东明王"),
    ("GB18030", "Qzwang^Qzxiaodong=王小东明^小东明王"),
    ("GBK", "Qzwang^Qzxiaodong=王小东明^小东明王"),
    ("ISO_IR 192", "Qzşahin^山田田中^Щербаков"),
]


@pytest.mark.parametrize("spelt", CHARSETS, ids=[str(charset) for charset, _ in CHARSETS])
@pytest.mark.parametrize("known", [True, False], ids=["known", "unknown"])
def test_names_in_multi_byte_character_sets_go_from_every_text(chest, written, deidentified, spelt, known):
    charset, name = spelt
    inner = Dataset()
    for tag, (vr, *_, keyword) in DicomDictionary.items():
        text = vr in ("LO", "SH", "PN", "ST", "LT", "UT", "UC")
        if text and tag >> 16 >= 8 and tag & 0xFFFF and keyword and (known or tag not in PRODUCTS | TELLING):
            inner[tag] = DataElement(tag, vr, name if vr == "PN" else name.replace("^", " ").split("=")[-1][:16])
    ds = chest(SpecificCharacterSet=charset, PatientName=name if known else "Qzother")
    for element in (*nested(inner), *inner):
        if element.tag not in FRAME:
            ds[element.tag] = element
    content = written(deidentified(ds).dataset)
    assert not survivors(content, name)


def _private(ds: Dataset) -> Dataset:
    """Private elements in every disguise: owned, unowned, under a name that is trusted elsewhere, as odd VRs."""
    owned = ds.private_block(0x0029, "QZFAMILY MAKER", create=True)
    owned.add_new(0x01, "LO", "QZFAMILY")
    owned.add_new(0x02, "UN", b"QZFAMILY")
    owned.add_new(0x03, "SQ", Sequence([nested(_named())]))
    trusted = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    trusted.add_new(0x0D, "CS", "QZFAMILY")
    trusted.add_new(0x0E, "LO", "QZFAMILY")
    trusted.add_new(0x55, "LO", "QZFAMILY")
    ds[0x00311055] = DataElement(0x00311055, "LO", "QZFAMILY")  # nobody reserved its block
    ds[0x00330010] = DataElement(0x00330010, "UN", b"QZFAMILY")  # a creator as UN
    ds[0x00350001] = DataElement(0x00350001, "LO", "QZFAMILY")  # below every block
    return ds


def _named() -> Dataset:
    item = Dataset()
    item.PatientName, item.PatientID, item.OperatorsName = "QZFAMILY^QZGIVEN", "QZPID1234599", "QZGIVEN"
    return item


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("safe", [False, True], ids=["basic", "safe private kept"])
def test_private_elements_overlays_curves_and_padding_go_at_every_depth(
    chest, written, deidentified_with, syntax, safe
):
    ds = _private(chest(syntax))
    for element in nested(_private(_named())):
        ds[element.tag] = element
    for group in range(0x6000, 0x6020, 2):
        ds[group << 16 | 0x0022] = DataElement(group << 16 | 0x0022, "LO", "QZFAMILY")
        ds[group << 16 | 0x1500] = DataElement(group << 16 | 0x1500, "LO", "QZFAMILY")
        ds[group << 16 | 0x3000] = DataElement(group << 16 | 0x3000, "OW", b"QZFAMILY")
        ds[group << 16 | 0x4000] = DataElement(group << 16 | 0x4000, "LT", "QZFAMILY")
        ds[(group - 0x1000) << 16 | 0x0022] = DataElement((group - 0x1000) << 16 | 0x0022, "LO", "QZFAMILY")
        ds[(group - 0x1000) << 16 | 0x3000] = DataElement((group - 0x1000) << 16 | 0x3000, "OW", b"QZFAMILY")
    ds[0xFFFCFFFC] = DataElement(0xFFFCFFFC, "OB", b"QZFAMILY")
    ds.preamble = b"QZFAMILY^QZGIVEN".ljust(128, b"\0")
    ds.file_meta.SourceApplicationEntityTitle = "QZFAMILY"
    ds.file_meta.ImplementationVersionName = "QZFAMILY"
    ds.file_meta.PrivateInformationCreatorUID = "1.2.3.99"
    ds.file_meta.PrivateInformation = b"QZFAMILY"
    content = written(deidentified_with(ds, keep_safe_private=safe).dataset)
    assert not survivors(content, "QZFAMILY^QZGIVEN", "QZPID1234599")


@pytest.mark.parametrize("after", [b"QZFAMILY", b"QZFAM", b"\0" * 300 + b"QZFAMILY^QZGIVEN " * 50])
def test_bytes_after_the_end_of_a_file_go(chest, written, pseudonymiser, settings, after):
    with quiet_dicom():
        try:
            ds = pydicom.dcmread(io.BytesIO(written(chest()) + after))
        except Exception as error:  # a reader may refuse such a file; what it reads must not carry them on
            assert isinstance(error, EOFError | ValueError)
            return
        content = written(deidentify_dataset(ds, pseudonymiser, settings).dataset)
    assert not survivors(content, "QZFAMILY^QZGIVEN", "QZFAM")


def test_technical_values_of_real_radiographs_stay_as_they_are(shared_data, pseudonymiser, settings):
    compared = 0
    for path in sorted((shared_data / "dicom" / "chest").glob("*.dcm")):
        with quiet_dicom():
            ds = pydicom.dcmread(path, stop_before_pixels=True)
            ds.BurnedInAnnotation = "NO"
            kept = deidentify_dataset(ds, pseudonymiser, settings).dataset
            for keyword in TECHNICAL:
                if ds.get(keyword) not in (None, ""):
                    assert kept.get(keyword) == ds[keyword].value, keyword
                    compared += 1
    assert compared > 150


TECHNICAL = (
    "ImageType SOPClassUID Modality ConversionType Manufacturer ManufacturerModelName SoftwareVersions "
    "BodyPartExamined ViewPosition KVP ExposureTime XRayTubeCurrent Exposure ExposureInuAs DistanceSourceToDetector "
    "DistanceSourceToPatient ImagerPixelSpacing PixelSpacing FieldOfViewShape FieldOfViewDimensions Grid FilterType "
    "FilterMaterial FocalSpots DetectorType DetectorDescription DetectorTemperature Sensitivity PlateType "
    "ExposureIndex TargetExposureIndex DeviationIndex PatientOrientation Laterality ImageLaterality SeriesNumber "
    "InstanceNumber Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation SamplesPerPixel "
    "PhotometricInterpretation WindowCenter WindowWidth WindowCenterWidthExplanation RescaleIntercept RescaleSlope "
    "RescaleType PresentationLUTShape PresentationIntentType PixelIntensityRelationship "
    "PixelIntensityRelationshipSign LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod"
).split()

"""A structured report on the radiograph that the tests of intake make."""

from pydicom import Dataset
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from components.deidentify import quiet_dicom


def structured_report(**changes: object) -> FileDataset:
    """A basic text report (TID 2000); keywords override attributes, None leaves one out."""
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    verifier = Dataset()
    verifier.VerifyingObserverName, verifier.VerificationDateTime = "QZREADER^EVE", "20230511120000"
    attributes = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "SOPInstanceUID": "1.2.3.4.88", "StudyInstanceUID": "1.2.3.4",
        "StudyDate": "20230510", "StudyTime": "101500", "ContentDate": "20230511", "ContentTime": "120000",
        "AccessionNumber": "ACC778899", "Modality": "SR", "PatientName": "QZFAMILY^QZGIVEN", "PatientID": "QZPID12345",
        "CompletionFlag": "COMPLETE", "VerificationFlag": "VERIFIED", "VerifyingObserverSequence": [verifier],
        "ValueType": "CONTAINER", "ContentSequence": _content(),
    }  # fmt: skip
    with quiet_dicom():
        for keyword, value in (attributes | changes).items():
            if value is not None:
                setattr(ds, keyword, value)
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return ds


def content_item(
    kind: str, code: str, meaning: str, *items: Dataset, relation: str = "CONTAINS", **value: str
) -> Dataset:
    """One item of a structured report's content tree."""
    concept, item = Dataset(), Dataset()
    concept.CodeValue, concept.CodingSchemeDesignator, concept.CodeMeaning = code, "DCM", meaning
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = relation, kind, [concept]
    for keyword, text in value.items():
        setattr(item, keyword, text)
    if items:
        item.ContentSequence = list(items)
    return item


def _content() -> list[Dataset]:
    author = content_item("PNAME", "121008", "Observer", relation="HAS OBS CONTEXT", PersonName="QZAUTHOR^TOM")
    procedure = content_item("TEXT", "121058", "Procedure", relation="HAS CONCEPT MOD", TextValue="Chest, two views")
    finding = content_item("TEXT", "121071", "Finding", TextValue="Opacity.")
    impression = content_item("TEXT", "121073", "Impression", TextValue="New.")
    sections = (("121070", "Findings", finding), ("121072", "Impressions", impression))
    return [author, procedure, *(content_item("CONTAINER", *section) for section in sections)]

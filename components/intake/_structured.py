"""DICOM structured reports: the text of the content tree by section (PS3.3 A.35, PS3.16 TID 2000)."""

from collections.abc import Iterator

from pydicom import Dataset

from components.catalog import ReportStatus
from components.deidentify import attribute_text, quiet_dicom
from components.errors import RefusedInputError
from components.intake._message import Part, ReportMessage, long_numbers, moment_of, readable, sections_of
from components.intake._reason import Reason, refused

_CLASSES = "1.2.840.10008.5.1.4.1.1.88."
_WITH_TEXT = frozenset({"11", "22", "33", "34", "35"})  # basic, enhanced, comprehensive, 3D, extensible
# Of CID 7001 and 7002, in LOINC's codes and DICOM's older ones.
_PARTS = {
    **dict.fromkeys(("59776-5", "121070", "121071"), Part.FINDINGS),
    **dict.fromkeys(
        ("19005-8", "121072", "121073", "55110-1", "121076", "121077", "55112-7", "121111"), Part.IMPRESSION
    ),
    **dict.fromkeys(
        ("55752-0", "11329-0", "121060", "18785-6", "121109", "55108-5", "121110", "55115-0", "121062", "55111-9",
         "121064", "121065", "55114-3", "121066", "18834-2", "121068", "121069", "18783-1", "121074", "121075",
         "29549-3", "73569-6", "73568-8", "121058", "121106", "121021", "121020", "121022"),
        Part.ASIDE,
    ),
}  # fmt: skip
# Groups of TID 1500 and their like: their words name what was measured.
_MEASUREMENTS = frozenset({"126010", "125007", "121206", "126000"})
_CONTEXT = frozenset({"HAS OBS CONTEXT", "HAS CONCEPT MOD", "HAS ACQ CONTEXT"})
_DEEPEST, _MOST_ITEMS = 32, 5_000
_WORDS = frozenset({"TEXT", "CODE"})
_NUMBERS = ("PatientID", "AccessionNumber", "StudyID", "InstitutionName", "InstitutionAddress", "PatientAddress",
            "PatientTelephoneNumbers", "AdmissionID")  # fmt: skip


def is_structured_report(ds: Dataset) -> bool:
    """Whether the data set is a document of structured reporting, with text or without."""
    return attribute_text(ds, "SOPClassUID").startswith(_CLASSES)


def report_of_document(ds: Dataset) -> ReportMessage:
    """The report that a structured report holds.

    Raises:
        RefusedInputError: the document holds no radiologist's text, or names no patient.
    """
    with quiet_dicom():
        try:
            return _report(ds)
        except RefusedInputError:
            raise
        except Exception as error:  # whatever a hostile file breaks, the run goes on
            raise refused(
                Reason.BAD_REPORT, f"The structured report cannot be read ({type(error).__name__})."
            ) from None


def _report(ds: Dataset) -> ReportMessage:
    if attribute_text(ds, "SOPClassUID").removeprefix(_CLASSES) not in _WITH_TEXT:
        raise refused(
            Reason.BAD_REPORT, "The document is of measurements, dose, key images or detections, not a report in words."
        )
    content = list(_content(ds))
    if not any(kind == "TEXT" and text and part for part, kind, text in content):
        raise refused(Reason.BAD_REPORT, "The structured report holds no text, only measurements or references.")
    names = {*_people(ds), *(text for _, kind, text in content if kind == "PNAME")}
    day, clock, _ = moment_of(_joined(ds, "Study"))
    return ReportMessage(
        report_id=_text(ds, "SOPInstanceUID"),
        accession=_text(ds, "AccessionNumber"),
        patient_id=_text(ds, "PatientID"),
        day=day,
        clock=clock,
        issued=moment_of(_joined(ds, "Content") + _text(ds, "TimezoneOffsetFromUTC"))[2],
        status=_status(ds),
        sections=sections_of((part, text) for part, kind, text in content if part and kind in _WORDS),
        names=frozenset(name for name in names if name.strip("^ =")),
        identifiers=long_numbers(_text(ds, keyword) for keyword in _NUMBERS),
    )


def _status(ds: Dataset) -> ReportStatus:
    """By Preliminary Flag, else by Completion and Verification Flag; with a predecessor it is a correction."""
    stated = _text(ds, "PreliminaryFlag")
    partial, unverified = _text(ds, "CompletionFlag") == "PARTIAL", _text(ds, "VerificationFlag") == "UNVERIFIED"
    if not stated and partial and unverified:
        raise refused(Reason.BAD_REPORT, "The structured report is a draft: partial, unverified, and not preliminary.")
    if stated == "PRELIMINARY" or (stated != "FINAL" and (partial or unverified)):
        return ReportStatus.PRELIMINARY
    return ReportStatus.CORRECTED if _items(ds, "PredecessorDocumentsSequence") else ReportStatus.FINAL


def _content(root: Dataset) -> Iterator[tuple[Part | None, str, str]]:
    """(section, value type, text) of the items with text, in reading order; None is no section: context of the report.

    An item belongs to the section that its own concept names, else to its parent's.
    """
    waiting: list[tuple[Dataset, Part | None, int]] = [(item, Part.WHOLE, 0) for item in _below(root)]
    count = 0
    while waiting:
        item, above, depth = waiting.pop()
        count += 1
        if count > _MOST_ITEMS or depth > _DEEPEST:
            raise refused(Reason.BAD_REPORT, "The structured report has more items, or deeper ones, than any report.")
        codes, kind = _codes(item, "ConceptNameCodeSequence"), _text(item, "ValueType")
        context = _text(item, "RelationshipType") in _CONTEXT or not _MEASUREMENTS.isdisjoint(codes)
        part = None if above is None or context else next((_PARTS[code] for code in codes if code in _PARTS), above)
        # A code without a section ("Manual processing") is about the document, not about the patient.
        yield None if kind == "CODE" and part is Part.WHOLE else part, kind, _value(item, kind)
        waiting += [(child, part, depth + 1) for child in _below(item)]


def _value(item: Dataset, kind: str) -> str:
    if kind == "TEXT":
        return _text(item, "TextValue")
    if kind == "PNAME":
        return _text(item, "PersonName")
    if kind == "CODE":
        return " ".join(_text(code, "CodeMeaning") for code in _items(item, "ConceptCodeSequence"))
    return ""


def _people(ds: Dataset) -> Iterator[str]:
    """Every person named outside the content tree: patient, physicians, authors, verifiers."""
    waiting = [(ds, 0)]
    while waiting:
        here, depth = waiting.pop()
        for tag in here.keys():  # iterating the data set itself would stop at a value that cannot be decoded
            try:
                element = here[tag]
            except Exception:  # noqa: S112 – what cannot be decoded names nobody that could be looked for
                continue
            if element.VR == "PN":
                yield from readable(str(element.value)).split("\\")
            elif element.VR == "SQ" and depth < _DEEPEST and element.keyword != "ContentSequence":
                waiting += [(item, depth + 1) for item in element.value]


def _below(item: Dataset) -> list[Dataset]:
    return list(reversed(_items(item, "ContentSequence")))  # the last of the stack is read first


def _codes(item: Dataset, keyword: str) -> list[str]:
    return [_text(code, "CodeValue") for code in _items(item, keyword)]


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    return [item for item in ds.get(keyword) or [] if isinstance(item, Dataset)]


def _joined(ds: Dataset, which: str) -> str:
    return _text(ds, f"{which}Date") + _text(ds, f"{which}Time")


def _text(ds: Dataset, keyword: str) -> str:
    return readable(attribute_text(ds, keyword)).strip()

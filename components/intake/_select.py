"""Which images count: chest radiographs as they are read, and from which side they were taken."""

import unicodedata
from collections.abc import Iterator

from pydicom import Dataset

from components.catalog import View
from components.deidentify import attribute_text
from components.intake._reason import Reason, refused
from components.intake._words import CHEST, ELSEWHERE, OTHER_PROCESSING, OTHER_PROJECTION, SPINE, VIEWS

_RADIOGRAPHY = frozenset({"CR", "DX"})
_LONGEST = 1024  # no description may be longer (PS3.5 table 6.2-1)
_CAPTURES = frozenset({"SC", "OT", ""})
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its multi-frame kinds
_RAW = "1.2.840.10008.5.1.4.1.1.1.1.1"  # digital X-ray image storage, for processing
_IMAGE_TEXTS = ("BodyPartExamined", "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription")
_IMAGE_CODES = ("AnatomicRegionSequence", "PerformedProtocolCodeSequence")
_STUDY_TEXTS = ("StudyDescription", "RequestedProcedureDescription", "PerformedProcedureStepDescription")
_STUDY_CODES = ("ProcedureCodeSequence", "RequestedProcedureCodeSequence")
_PROCESSING_TEXTS = (
    "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription", "DerivationDescription", "ImageType",
)  # fmt: skip
_VIEW_TEXTS = (
    "SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription", "PerformedProcedureStepDescription",
    "StudyDescription", "RequestedProcedureDescription",
)  # fmt: skip
_POSITIONS = {"PA": View.PA, "AP": View.AP, **dict.fromkeys(("LL", "RL", "LLAT", "RLAT"), View.LATERAL)}
# Oblique, decubitus and axial positions; LL and RL above are left and right lateral (PS3.3 C.8.1.1).
_OTHER_POSITIONS = frozenset({"RAO", "LAO", "RPO", "LPO", "RLO", "LLO", "RLD", "LLD", "OBL", "TAN", "AXIAL", "AX"})
# CID 4010 "DX view": SNOMED CT and the older SNOMED RT codes.
_CODES = {
    "272479007": View.PA, "R-10214": View.PA,
    "399348003": View.AP, "R-10206": View.AP,
    "399067008": View.LATERAL, "399173006": View.LATERAL, "399198007": View.LATERAL,
    "R-10232": View.LATERAL, "R-10236": View.LATERAL,
}  # fmt: skip


def refuse_other_images(ds: Dataset) -> None:
    """RefusedInputError unless the header says: a chest radiograph (CR, DX, or a capture that says so) as it is read.

    A CR or DX file whose header names no region at all is taken: it says nothing against the chest, and its view
    stays unknown. What is said of the image itself counts before what is said of its study. Raw detector data,
    bone-suppressed and subtracted pictures are not what the report is about; obliques, decubitus and lordotic films
    show the heart and effusions otherwise than a frontal or lateral one.
    """
    captured = _is_capture(ds)
    _refuse_other_regions(ds, captured=captured)
    raw = attribute_text(ds, "PresentationIntentType").upper() == "FOR PROCESSING"
    if raw or attribute_text(ds, "SOPClassUID") == _RAW:
        raise refused(Reason.OTHER_PROCESSING, "Raw detector data (for processing): the picture made of it is taken.")
    if any(OTHER_PROCESSING.search(text) for text in _texts(ds, _PROCESSING_TEXTS)):
        raise refused(
            Reason.OTHER_PROCESSING, "A picture computed beside the one that is read (subtracted, suppressed, marked)."
        )
    if _is_other_projection(ds):
        raise refused(Reason.OTHER_VIEW, "Neither a frontal nor a lateral view (oblique, decubitus, lordotic, …).")


def view_of(ds: Dataset) -> View:
    """The view by View Position, else View Code Sequence, else series, protocol and study text, else orientation."""
    for view in _views(ds):
        if view is not View.UNKNOWN:
            return view
    return View.UNKNOWN


def _is_capture(ds: Dataset) -> bool:
    modality, sop_class = attribute_text(ds, "Modality").upper(), attribute_text(ds, "SOPClassUID")
    captured = f"{sop_class}.".startswith(_SECONDARY_CAPTURE) and modality in _CAPTURES
    if modality in _RADIOGRAPHY or captured:
        return captured
    if not modality and not sop_class:
        raise refused(Reason.BAD_HEADER, "The file does not say what it is (no Modality, no SOP Class UID).")
    raise refused(Reason.WRONG_MODALITY, "Only chest radiographs are taken (modality CR or DX).")


def _refuse_other_regions(ds: Dataset, *, captured: bool) -> None:
    of_image = [*_texts(ds, _IMAGE_TEXTS), *_coded(ds, _IMAGE_CODES)]
    of_study = [*_texts(ds, _STUDY_TEXTS), *_coded(ds, _STUDY_CODES)]
    elsewhere = any(ELSEWHERE.search(text) for text in of_image)
    if any(_names_chest(text) for text in of_image):
        return
    if not elsewhere and any(_names_chest(text) for text in of_study):
        return
    if captured:
        raise refused(Reason.WRONG_MODALITY, "A secondary capture that does not say that it is a chest radiograph.")
    elsewhere = elsewhere or any(ELSEWHERE.search(text) for text in of_study)
    if elsewhere or attribute_text(ds, "BodyPartExamined"):
        raise refused(Reason.NOT_CHEST, "The header names another body part than the chest.")


def _names_chest(text: str) -> bool:
    return CHEST.search(SPINE.sub(" ", text)) is not None


def _is_other_projection(ds: Dataset) -> bool:
    if attribute_text(ds, "ViewPosition").upper() in _OTHER_POSITIONS:
        return True
    codes = [text for item in _items(ds, "ViewCodeSequence") for text in _meanings(item)]
    return any(OTHER_PROJECTION.search(text) for text in [*_texts(ds, ("ViewPosition", *_IMAGE_TEXTS)), *codes])


def _meanings(view: Dataset) -> Iterator[str]:
    """What a view code and its modifiers mean."""
    for item in (view, *_items(view, "ViewModifierCodeSequence")):
        yield _plain(attribute_text(item, "CodeMeaning"))


def _views(ds: Dataset) -> Iterator[View]:
    position = attribute_text(ds, "ViewPosition")
    yield _POSITIONS.get(position.upper()) or _view_in(_plain(position))
    for item in _items(ds, "ViewCodeSequence"):
        yield _CODES.get(attribute_text(item, "CodeValue"), View.UNKNOWN)
        yield _view_in(_plain(attribute_text(item, "CodeMeaning")))
    for keyword in _VIEW_TEXTS:
        yield _view_in(_plain(attribute_text(ds, keyword)))
    # Rows that run to the front or the back are seen from the side (PS3.3 C.7.6.1.1.1).
    orientation = attribute_text(ds, "PatientOrientation").strip("[]'\" ")
    yield View.LATERAL if orientation[:1] in ("A", "P") and orientation else View.UNKNOWN


def _view_in(text: str) -> View:
    """The one view that a description names; "PA and lateral" names none."""
    found = [view for view, pattern in VIEWS if pattern.search(text)]
    return found[0] if len(found) == 1 else View.UNKNOWN


def _texts(ds: Dataset, keywords: tuple[str, ...]) -> list[str]:
    return [_plain(attribute_text(ds, keyword)) for keyword in keywords]


def _coded(ds: Dataset, keywords: tuple[str, ...]) -> Iterator[str]:
    for keyword in keywords:
        for item in _items(ds, keyword):
            yield _plain(f"{attribute_text(item, 'CodeMeaning')} {attribute_text(item, 'CodeValue')}")


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    try:
        return [item for item in ds.get(keyword) or [] if isinstance(item, Dataset)]
    except Exception:
        return []  # no sequence after all


def _plain(text: str) -> str:
    """Without accents and underscores: "Tórax_PA" reads "Torax PA"; of a hostile value only the beginning."""
    letters = (letter for letter in unicodedata.normalize("NFKD", text[:_LONGEST]) if not unicodedata.combining(letter))
    return unicodedata.normalize("NFC", "".join(letters)).replace("_", " ")

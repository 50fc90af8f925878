"""Which images count: chest radiographs, and from which side they were taken."""

import re
import unicodedata
from collections.abc import Iterator

from pydicom import Dataset

from components.catalog import View
from components.intake._reason import Reason, refused

_RADIOGRAPHY = frozenset({"CR", "DX"})
_CAPTURES = frozenset({"SC", "OT", ""})
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its multi-frame kinds
_CHEST = re.compile(r"chest|thora[xck]|torax|torac|cxr|lung|brustkorb|poumon|51185008|t-d3000", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"\b(?:abdomen|abdominal|pelvi\w*|becken|hips?|femur|knees?|knie|tibia|fibula|leg|ankle|foot|feet|toes?|hands?|wrist"
    r"|fingers?|thumb|elbow|forearm|humerus|shoulder|clavicle|scapula|arm|spine|lumbar|cervical|sacrum|coccyx|skull"
    r"|head|neck|nasal|sinus\w*|facial|orbit\w*|mandible|teeth|dental|breast|mammo\w*|kub|extremity|whole body)\b",
    re.IGNORECASE,
)
_REGION_TEXTS = (
    "StudyDescription",
    "SeriesDescription",
    "ProtocolName",
    "AcquisitionDeviceProcessingDescription",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
)
_REGION_CODES = ("AnatomicRegionSequence", "ProcedureCodeSequence", "PerformedProtocolCodeSequence")
_POSITIONS = {
    "PA": View.PA,
    "AP": View.AP,
    **dict.fromkeys(("LL", "RL", "LAT", "LATERAL", "LLAT", "RLAT", "L LAT", "R LAT", "LEFT LATERAL"), View.LATERAL),
    "RIGHT LATERAL": View.LATERAL,
}
# CID 4010 "DX view": SNOMED CT and the older SNOMED RT codes.
_CODES = {
    "272479007": View.PA, "R-10214": View.PA,
    "399348003": View.AP, "R-10206": View.AP,
    "399067008": View.LATERAL, "399173006": View.LATERAL, "399198007": View.LATERAL,
    "R-10232": View.LATERAL, "R-10236": View.LATERAL,
}  # fmt: skip
_WORDS = (
    (View.LATERAL, re.compile(r"\b(?:lat|lateral|seitlich|profil)\b", re.IGNORECASE)),
    (View.PA, re.compile(r"\b(?:pa|p\.a\.|postero-?\s?anterior)\b", re.IGNORECASE)),
    (View.AP, re.compile(r"\b(?:ap|a\.p\.|antero-?\s?posterior|portable|bedside|supine|bettlunge)\b", re.IGNORECASE)),
)


def refuse_other_images(ds: Dataset) -> None:
    """RefusedInputError unless the header says: a chest radiograph (CR, DX, or a capture that says so).

    A CR or DX file whose header names no region at all is taken: it says nothing against the chest, and its view
    stays unknown. A region named beside the chest does not matter.
    """
    modality = text_of(ds, "Modality").upper()
    captured = f"{text_of(ds, 'SOPClassUID')}.".startswith(_SECONDARY_CAPTURE) and modality in _CAPTURES
    if modality not in _RADIOGRAPHY and not captured:
        if not modality and not text_of(ds, "SOPClassUID"):
            raise refused(Reason.BAD_HEADER, "The file does not say what it is (no Modality, no SOP Class UID).")
        raise refused(Reason.WRONG_MODALITY, "Only chest radiographs are taken (modality CR or DX).")
    body_part = text_of(ds, "BodyPartExamined")
    regions = [body_part, *(text_of(ds, keyword) for keyword in _REGION_TEXTS), *_region_codes(ds)]
    if any(_CHEST.search(_plain(region)) for region in regions):
        return
    if captured:
        raise refused(Reason.WRONG_MODALITY, "A secondary capture that does not say that it is a chest radiograph.")
    if body_part or any(_ELSEWHERE.search(_plain(region)) for region in regions):
        raise refused(Reason.NOT_CHEST, "The header names another body part than the chest.")


def view_of(ds: Dataset) -> View:
    """The view by View Position, else View Code Sequence, else series, protocol and study text, else orientation."""
    for view in _views(ds):
        if view is not View.UNKNOWN:
            return view
    return View.UNKNOWN


def text_of(ds: Dataset, keyword: str) -> str:
    """The attribute as stripped text; empty where it is missing or cannot be read."""
    try:
        value = ds.get(keyword)
    except Exception:
        return ""  # a value that cannot be decoded says nothing
    return "" if value is None else str(value).strip(" \0")


def _views(ds: Dataset) -> Iterator[View]:
    yield _POSITIONS.get(text_of(ds, "ViewPosition").upper(), View.UNKNOWN)
    for item in _items(ds, "ViewCodeSequence"):
        yield _CODES.get(text_of(item, "CodeValue"), View.UNKNOWN)
        yield _view_in(text_of(item, "CodeMeaning"))
    for keyword in ("SeriesDescription", "ProtocolName", "AcquisitionDeviceProcessingDescription", "StudyDescription"):
        yield _view_in(text_of(ds, keyword))
    # Rows that run to the front or the back are seen from the side (PS3.3 C.7.6.1.1.1).
    orientation = text_of(ds, "PatientOrientation").strip("[]'\" ")
    yield View.LATERAL if orientation[:1] in ("A", "P") and orientation else View.UNKNOWN


def _view_in(text: str) -> View:
    """The one view that a description names; "PA and lateral" names none."""
    found = [view for view, pattern in _WORDS if pattern.search(text.replace("_", " "))]
    return found[0] if len(found) == 1 else View.UNKNOWN


def _region_codes(ds: Dataset) -> Iterator[str]:
    for keyword in _REGION_CODES:
        for item in _items(ds, keyword):
            yield f"{text_of(item, 'CodeMeaning')} {text_of(item, 'CodeValue')}"


def _items(ds: Dataset, keyword: str) -> list[Dataset]:
    try:
        return list(ds.get(keyword) or [])
    except Exception:
        return []  # no sequence after all


def _plain(text: str) -> str:
    """Without accents and underscores: "Tórax_PA" reads "Torax PA"."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter)
    ).replace("_", " ")

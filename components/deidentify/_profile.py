"""What happens to each attribute: PS3.15 table E.1-1 as data, the options laid over it, and a rule for the rest."""

from enum import Enum, auto
from functools import lru_cache

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom._dicom_dict import DicomDictionary

from components.settings import Dates, DeidentifySettings, DeviceDetail

EDITION = "2026c"


class Action(Enum):
    """What becomes of one element."""

    KEEP = auto()
    REMOVE = auto()
    EMPTY = auto()  # zero length
    DUMMY = auto()  # a value that says nothing
    SHIFT = auto()  # a date or time, by the patient's days
    REMAP = auto()  # a UID, by its pseudonym
    KEEP_UID = auto()  # a UID, as it is where it is one
    REFERENCE = auto()  # a UID that the profile does not list: kept where it is a registered one
    WALK = auto()  # a sequence, item by item
    CLEAN = auto()  # a description: only words of a closed vocabulary stay
    TEXT = auto()  # kept when all its words are of the technical vocabulary
    PRODUCT = auto()  # what a machine says of itself: kept unless an identifier is in it
    TERM = auto()  # CS: kept when a term of the vocabulary or an acronym
    CODE = auto()  # a code's value or its scheme: the same, and long numbers too
    NUMBER = auto()  # DS or IS: kept when well-formed and no identifier
    PATIENT = auto()  # the patient's pseudonym
    ACCESSION = auto()
    SEX = auto()
    AGE = auto()


_TEMPORAL = frozenset({"DA", "DT", "TM"})

_OF_BIRTH = frozenset({0x00100030, 0x00100032})

# Dates that say when the machine was built or calibrated are the same for all its patients: shifted, they would
# give each patient's shift away. A birth date is no date of the examination.
_TIMELESS = _OF_BIRTH | frozenset(
    {
        0x001021D0,  # last menstrual date
        0x0014407C, 0x0014407E, 0x00143076, 0x00143077,  # calibration of testing equipment
        0x00181200, 0x00181201, 0x00181202, 0x00181203, 0x00181204, 0x00181205,  # calibration, manufacture
        0x0018700C, 0x0018700E,  # detector calibration
        0x0044000B,  # expiration of a product
    }
)  # fmt: skip

# Not in table E.1-1, yet they say who, where or which one.
_ALSO_REMOVED = frozenset(
    {
        0x00080051,  # Issuer of Accession Number Sequence
        0x00100024, 0x00100026, 0x00100027,  # qualifiers of the patient's ID, groups of patients
        0x00100033, 0x00100034,  # birth and death date in another calendar
        0x00181003, 0x00181006,  # Device ID, Grid ID
        0x00200070, 0x00201020,  # retired free text
        0x00401006, 0x00401007, 0x00402006, 0x00402007, 0x00402016,  # order numbers
        0x00401060, 0x00400400,  # retired procedure description, comments
        0x04000120, 0x04000520,  # Signature, Encrypted Content
        0x00120062, 0x00120063, 0x00120064, 0x00280303,  # de-identification bookkeeping of another program
    }
)  # fmt: skip

_DESCRIPTIONS = frozenset(
    {
        0x00081030, 0x0008103E, 0x00181030,  # study, series, protocol
        0x00181400, 0x00082111, 0x00189424,  # processing by the machine, derivation, acquisition protocol
        0x00321060, 0x00400254, 0x00400007,  # requested, performed and scheduled procedure
    }
)  # fmt: skip
_PRODUCTS = frozenset(
    {
        0x00080070, 0x00081090, 0x00181020,  # manufacturer, model, software of the machine
        0x00181016, 0x00181018, 0x00181019,  # of what digitised the film
        0x0018702A, 0x0018702B,  # of the detector
    }
)  # fmt: skip
_CODES = frozenset({0x00080100, 0x00080119, 0x00080102, 0x00080103, 0x0008010F})  # code values and their schemes
# The attributes that the option to retain device identity keeps, but for the dates of calibration.
_DEVICE_IDENTITY = frozenset(
    {
        0x00080055, 0x00081010,  # station AE title and name
        0x00181000, 0x00181003, 0x00181004, 0x00181005, 0x00181006, 0x00181007, 0x00181008,  # serial number, parts
        0x00181002, 0x0018100B,  # device UIDs
        0x0018700A, 0x00189367, 0x00189371, 0x00189373,  # detector and source
        0x00400001, 0x00400010, 0x00400241, 0x00400242,  # stations of the scheduled and performed step
    }
)  # fmt: skip
_OF_UIDS = frozenset({0x00081110, 0x00081111})  # references to study and performed step
_OURS = {
    0x00100010: Action.PATIENT,  # Patient's Name
    0x00100020: Action.PATIENT,  # Patient ID
    0x00080050: Action.ACCESSION,
    0x00400555: Action.EMPTY,  # Acquisition Context Sequence: type 2 in DX
    0x00180010: Action.EMPTY,  # Contrast/Bolus Agent
    0x00081140: Action.WALK,  # Referenced Image Sequence
    0x00082112: Action.WALK,  # Source Image Sequence
}
_OF_LISTED = {
    "D_TAGS": Action.DUMMY,
    "Z_TAGS": Action.EMPTY,
    "X_TAGS": Action.REMOVE,
    "U_TAGS": Action.REMAP,
    "Z_D_TAGS": Action.EMPTY,
    # In radiographs none of these is of type 1 or 2, but for the exceptions above.
    "X_Z_TAGS": Action.REMOVE,
    "X_D_TAGS": Action.REMOVE,
    "X_Z_D_TAGS": Action.REMOVE,
    "X_Z_U_STAR_TAGS": Action.WALK,
}
_OF_VR = {
    "DA": Action.SHIFT, "DT": Action.SHIFT, "TM": Action.SHIFT,
    "UI": Action.REFERENCE,
    "SQ": Action.WALK,
    "LO": Action.TEXT, "SH": Action.TEXT, "LT": Action.TEXT, "ST": Action.TEXT, "UT": Action.TEXT, "UC": Action.TEXT,
    "CS": Action.TERM,
    "DS": Action.NUMBER, "IS": Action.NUMBER,
    "US": Action.KEEP, "SS": Action.KEEP, "UL": Action.KEEP, "SL": Action.KEEP, "UV": Action.KEEP, "SV": Action.KEEP,
    "FL": Action.KEEP, "FD": Action.KEEP, "AT": Action.KEEP,
}  # fmt: skip
_BULK_KEPT = frozenset(
    {
        0x00281101, 0x00281102, 0x00281103, 0x00281201, 0x00281202, 0x00281203,  # palettes
        0x00283002, 0x00283006,  # LUT Descriptor, LUT Data
        0x7FE00001, 0x7FE00002, 0x7FE00003, 0x7FE00010,  # offset tables, Pixel Data
    }
)  # fmt: skip
_TEXTUAL = frozenset({"LO", "SH", "LT", "ST", "UT", "UC", "CS"})
_GROUPS_WITHOUT_FREE_TEXT = frozenset({0x0010, 0x0032, 0x0038, 0x4008})
_GROUPS_REMOVED = frozenset({0x0000, 0x0002, 0x0004, 0xFFFA, 0xFFFC, 0xFFFE})
_CURVES, _OVERLAYS = 0x50, 0x60


def _listed() -> dict[int, Action]:
    """Tag → action of every attribute that the table names by its full tag."""
    actions: dict[int, Action] = {}
    for name, action in _OF_LISTED.items():
        for entry in getattr(table, name):
            if len(entry) == 2:  # noqa: PLR2004 – four numbers are a mask: curves and overlays, removed by group
                actions[entry[0] << 16 | entry[1]] = action
    return actions | dict.fromkeys(_ALSO_REMOVED, Action.REMOVE) | _OURS


_LISTED = _listed()


class Profile:
    """The table with the options of one run laid over it."""

    def __init__(self, settings: DeidentifySettings) -> None:
        self._temporal = Action.REMOVE if settings.dates is Dates.REMOVED else Action.SHIFT
        self._timeless = _OF_BIRTH if settings.dates is Dates.FULL else _TIMELESS
        self._uids = settings.keep_uids
        self.keeps_safe_private = settings.keep_safe_private
        self._listed = _LISTED | _of_options(settings)
        self._known: dict[tuple[int, str], Action] = {}

    def action(self, tag: int, vr: str) -> Action:
        """What becomes of the element with this tag and VR (that of the file, else of the dictionary)."""
        known = self._known.get((tag, vr))
        if known is None:
            known = self._known[tag, vr] = self._decided(tag, vr)
        return known

    def _decided(self, tag: int, vr: str) -> Action:
        if _is_outside(tag) or not _is_as_defined(tag, vr):
            return Action.REMOVE
        if vr == "UI" and self._uids:
            return Action.KEEP_UID
        if vr in _TEMPORAL and tag not in self._timeless:
            return self._of_date(tag)
        return _possible(self._listed[tag], vr) if tag in self._listed else _of_unlisted(tag, vr)

    def _of_date(self, tag: int) -> Action:
        """Dates that must be present (type 2) are emptied where dates go."""
        if self._temporal is Action.REMOVE and _LISTED.get(tag) is Action.EMPTY:
            return Action.EMPTY
        return self._temporal


@lru_cache(maxsize=16)
def profile_of(settings: DeidentifySettings) -> Profile:
    """The profile of these settings, made once in a process."""
    return Profile(settings)


def _of_unlisted(tag: int, vr: str) -> Action:
    if tag in _BULK_KEPT:
        return Action.KEEP
    if tag >> 16 in _GROUPS_WITHOUT_FREE_TEXT and vr in _TEXTUAL - {"CS"}:
        return Action.REMOVE
    return action_of_vr(vr)


def action_of_vr(vr: str) -> Action:
    """What becomes of an element of which no more is known than its VR ("US or SS" goes by its first)."""
    return _OF_VR.get(vr[:2], Action.REMOVE)


def is_overlong(tag: int, vr: str, length: int) -> bool:
    """Whether a binary value takes more bytes than the dictionary's number of values."""
    size, known = _BYTES.get(vr[:2]), DicomDictionary.get(tag)
    if size is None or known is None:
        return False
    most = known[1].rsplit("-", 1)[-1]
    return most.isdigit() and length > size * int(most)


_BYTES = {"US": 2, "SS": 2, "UL": 4, "SL": 4, "UV": 8, "SV": 8, "FL": 4, "FD": 8, "AT": 4}


def _of_options(settings: DeidentifySettings) -> dict[int, Action]:
    """Tag → action where an option, or its absence, decides otherwise than the table."""
    actions = dict.fromkeys(_CODES, Action.CODE)
    if settings.clean_descriptors:
        actions |= dict.fromkeys(_DESCRIPTIONS, Action.CLEAN)
    if settings.device is DeviceDetail.NONE:
        actions |= dict.fromkeys(_PRODUCTS, Action.REMOVE) | {_MANUFACTURER: Action.EMPTY}
    else:
        actions |= dict.fromkeys(_PRODUCTS, Action.PRODUCT)
    if settings.device is DeviceDetail.IDENTITY:
        actions |= dict.fromkeys(_DEVICE_IDENTITY, Action.PRODUCT)
    if settings.keep_characteristics:
        actions |= {_SEX: Action.SEX, _AGE: Action.AGE}
    if settings.keep_uids:
        actions |= dict.fromkeys(_OF_UIDS, Action.WALK)
    return actions


_SEX, _AGE, _MANUFACTURER = 0x00100040, 0x00101010, 0x00080070


def _is_outside(tag: int) -> bool:
    """Private, group length, file meta or command group, curve or overlay."""
    group = tag >> 16
    return (
        bool(group & 1)
        or not tag & 0xFFFF
        or group in _GROUPS_REMOVED
        or group >> 8 in (_CURVES, _OVERLAYS)  # repeating groups of retired curves, and of overlay planes
    )


def _is_as_defined(tag: int, vr: str) -> bool:
    """Whether the dictionary knows the tag, and the file gives it a VR that is no disguise."""
    known = DicomDictionary.get(tag)
    if known is None:
        return False
    defined = known[0]
    return vr in defined or (vr in _TEXTUAL and defined in _TEXTUAL) or (tag in _BULK_KEPT and vr in _BULK_VRS)


_BULK_VRS = frozenset({"OB", "OW", "US", "SS", "UN", "OV"})


def _possible(action: Action, vr: str) -> Action:
    """The action, or removal where the VR cannot carry it out."""
    if action is Action.DUMMY and vr not in _TEXTUAL:
        return Action.REMAP if vr == "UI" else Action.REMOVE
    if action is Action.REMAP and vr != "UI":
        return Action.REMOVE
    if action is Action.WALK and vr != "SQ":
        return Action.REMOVE
    if action is Action.PRODUCT and vr == "UI":
        return Action.KEEP_UID
    return action

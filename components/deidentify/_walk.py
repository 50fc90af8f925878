"""One pass over a data set at every depth: what is safe is carried over, undecoded where it can be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom import Dataset, Sequence
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag
from pydicom.uid import UID

from components.deidentify._descriptors import clean_description
from components.deidentify._elements import Element, elements_of, items_of, text_of, vr_of
from components.deidentify._identity import Identity
from components.deidentify._known import KnownStrings
from components.deidentify._private import safe_private
from components.deidentify._profile import Action, Profile, action_of_vr, is_overlong
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._values import is_number, shifted
from components.deidentify._vocabulary import is_code, is_technical, is_term, only

DEEPEST = 24
# All but "?" and "@", which end the bytes of floating point numbers of everyday size.
_READABLE = re.compile(rb"[\x20-\x3e\x41-\x7e]{6,}\0*")
_LONGEST_DISGUISE = 1024
# DICOM's own UIDs and HL7's code systems: no part of theirs is as long as a number of a patient.
_REGISTERED = re.compile(r"(?:1\.2\.840\.10008|2\.16\.840\.1\.113883\.6)(?:\.\d{1,5}){1,9}")
_UID = re.compile(r"[012](?:\.(?:0|[1-9]\d*))+")
_LONGEST_UID = 64
_LETTERS_OF_VR = 2
_CODE_MEANING = 0x00080104
_IDENTIFYING = frozenset(
    {
        0x00100020, 0x00101000, 0x00080050, 0x00101090, 0x00101060, 0x00101001, 0x00102154, 0x00101040,
        0x00380010, 0x00380060, 0x00080080, 0x00080081, 0x00080092, 0x00080094, 0x00181000, 0x00401001,
        0x00402017, 0x00402016, 0x00400253, 0x00120040,
    }
)  # fmt: skip


@dataclass
class Walk:
    """What one pass needs, and what it learns: names and numbers that other elements must not repeat."""

    pseudonymiser: Pseudonymiser
    identity: Identity
    profile: Profile
    days: int
    age: str | None
    explicit: bool
    known: KnownStrings = field(default_factory=KnownStrings)
    _doubtful: list[tuple[Dataset, Dataset, Element, str, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._carry: dict[Action, Callable[[Dataset, Element, str], Element | None]] = {
            Action.EMPTY: _emptied,
            Action.DUMMY: lambda ds, element, vr: DataElement(element.tag, vr, "REMOVED"),
            Action.SHIFT: self._shifted,
            Action.REMAP: self._remapped,
            Action.KEEP_UID: self._kept_uids,
            Action.REFERENCE: self._referenced,
            Action.WALK: self._walked,
            Action.PATIENT: lambda ds, element, vr: DataElement(element.tag, vr, self.identity.patient),
            Action.ACCESSION: lambda ds, element, vr: DataElement(element.tag, vr, self.identity.accession or ""),
            Action.SEX: _sex,
            Action.AGE: lambda ds, element, vr: DataElement(element.tag, vr, self.age) if self.age else None,
        }
        self._depth = 0

    def safe_copy(self, ds: Dataset) -> Dataset:
        """A new data set with what is safe of this one; call `settle` when the whole was walked."""
        kept: dict[BaseTag, Element] = {}
        copy = Dataset(kept, parent_encoding=ds._parent_encoding)
        implicit, little = ds.original_encoding
        copy.set_original_encoding(implicit, little, ds.original_character_set)
        for element in elements_of(ds):
            try:
                carried = self._carried(ds, element, copy)
            except RecursionError:
                raise
            except Exception:  # noqa: S112 – what cannot be read cannot be called safe
                continue
            if carried is not None:
                kept[element.tag] = carried
        return copy

    def settle(self) -> None:
        """Decides on the texts that had to wait until all names were known."""
        for ds, copy, element, vr, action in self._doubtful:
            try:
                settled = self._settled(ds, element, vr, action)
            except Exception:
                settled = None
            if settled is None:
                del copy[element.tag]
            elif settled is not element:
                copy[element.tag] = settled

    def _carried(self, ds: Dataset, element: Element, copy: Dataset) -> Element | None:
        if element.tag.is_private:
            return self._private(ds, element, copy)
        vr = vr_of(element)
        action = self.profile.action(int(element.tag), vr)
        if vr == "PN" or (action is not Action.PRODUCT and int(element.tag) in _IDENTIFYING):
            self._learn(ds, element, vr)
        if action is Action.REMOVE and vr == "SQ":
            self._learn_from_items(ds, element)
        return self._done(ds, element, copy, vr, action)

    def _private(self, ds: Dataset, element: Element, copy: Dataset) -> Element | None:
        row = safe_private(ds, element) if self.profile.keeps_safe_private else None
        if row is None:
            return None
        copy[row.creator_tag] = DataElement(row.creator_tag, "LO", row.creator)
        return self._done(ds, element, copy, row.vr, action_of_vr(row.vr))

    def _done(self, ds: Dataset, element: Element, copy: Dataset, vr: str, action: Action) -> Element | None:
        """What the action makes of the element; texts wait until all names are known."""
        if action is Action.REMOVE or (action is Action.KEEP and _is_disguise(element, vr)):
            return None
        carry = self._carry.get(action)
        if carry is not None:
            return carry(ds, element, vr)
        if action is not Action.KEEP:
            self._doubtful.append((ds, copy, element, vr, action))
        return self._as_written(ds, element, vr)

    def _as_written(self, ds: Dataset, element: Element, vr: str) -> Element:
        """The element itself, its value read where that was put off, with a VR where an explicit file lacks one."""
        if isinstance(element, RawDataElement):
            if element.value is None:
                return ds[element.tag] if element.length else DataElement(element.tag, vr[:2], None)
            if self.explicit and element.VR != vr:
                # "US or SS" is what Pixel Representation says.
                return element._replace(VR=vr) if len(vr) == _LETTERS_OF_VR else ds[element.tag]
        return element

    def _settled(self, ds: Dataset, element: Element, vr: str, action: Action) -> Element | None:
        text = text_of(ds, element, vr)
        if action is Action.CLEAN:
            cleaned = clean_description(self.known.without(text))
            return DataElement(element.tag, vr, cleaned) if cleaned else None
        kept = only(_SAFE[action], text)
        if kept is None or self.known.found_in(kept, action):
            # A code without a meaning is none (type 1).
            return DataElement(element.tag, vr, "REMOVED") if element.tag == _CODE_MEANING else None
        return self._as_written(ds, element, vr) if kept == text else DataElement(element.tag, vr, kept.split("\\"))

    def _shifted(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        moved = shifted(text_of(ds, element, vr), vr, self.days)
        if moved is None:
            # Study Date and Time are of type 2: present, if only empty.
            return DataElement(element.tag, vr, "") if self._depth == 0 else None
        return DataElement(element.tag, vr, moved.split("\\") if "\\" in moved else moved)

    def _remapped(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        return self._new_uids(ds, element, lambda uid: False)

    def _referenced(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        return self._new_uids(ds, element, _is_registered)

    def _kept_uids(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        return self._new_uids(ds, element, _is_uid)

    def _new_uids(self, ds: Dataset, element: Element, stays: Callable[[str], bool]) -> Element:
        old = [uid.strip(" \0") for uid in text_of(ds, element, "UI").split("\\")]
        new = [UID(uid if not uid or stays(uid) else self.pseudonymiser.uid(uid)) for uid in old]
        return DataElement(element.tag, "UI", new if len(new) > 1 else new[0])

    def _walked(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        if self._depth >= DEEPEST:
            return None
        self._depth += 1
        try:
            return DataElement(element.tag, "SQ", Sequence([self.safe_copy(item) for item in items_of(ds, element)]))
        finally:
            self._depth -= 1

    def _learn(self, ds: Dataset, element: Element, vr: str) -> None:
        for text in text_of(ds, element, vr).split("\\"):
            (self.known.add_name if vr == "PN" else self.known.add_identifier)(text)

    def _learn_from_items(self, ds: Dataset, element: Element) -> None:
        if self._depth >= DEEPEST:
            return
        self._depth += 1
        for item in items_of(ds, element):
            for inner in elements_of(item):
                vr = vr_of(inner)
                if vr == "SQ":
                    self._learn_from_items(item, inner)
                elif vr == "PN" or int(inner.tag) in _IDENTIFYING:
                    self._learn(item, inner, vr)
        self._depth -= 1


def _emptied(ds: Dataset, element: Element, vr: str) -> Element | None:
    return DataElement(element.tag, vr[:2], Sequence() if vr == "SQ" else None)


def _sex(ds: Dataset, element: Element, vr: str) -> Element | None:
    sex = text_of(ds, element, vr).upper()
    return DataElement(element.tag, vr, sex if sex in ("M", "F", "O") else "")


def _is_registered(uid: str) -> bool:
    return len(uid) <= _LONGEST_UID and _REGISTERED.fullmatch(uid) is not None


def _is_uid(uid: str) -> bool:
    return len(uid) <= _LONGEST_UID and _UID.fullmatch(uid) is not None


def _is_disguise(element: Element, vr: str) -> bool:
    """Whether the bytes of a number read as text, or are more than its values take."""
    value = element.value
    if not isinstance(value, bytes) or len(value) > _LONGEST_DISGUISE:
        return False
    return is_overlong(int(element.tag), vr, len(value)) or _READABLE.fullmatch(value) is not None


_SAFE: dict[Action, Callable[[str], bool]] = {
    Action.TEXT: is_technical,
    Action.PRODUCT: str.isascii,
    Action.TERM: is_term,
    Action.CODE: is_code,
    Action.NUMBER: is_number,
}

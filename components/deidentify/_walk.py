"""One pass over a data set at every depth: what is safe is carried over, undecoded where it can be."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pydicom import Dataset, Sequence
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.tag import BaseTag
from pydicom.uid import UID

from components.deidentify._descriptors import clean_description, is_technical
from components.deidentify._elements import Element, elements_of, items_of, text_of, vr_of
from components.deidentify._identity import Identity
from components.deidentify._known import KnownStrings
from components.deidentify._profile import Action, action_for
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._values import is_code, is_number, shifted
from components.settings import DeidentifySettings

DEEPEST = 24
_LETTERS = re.compile(rb"[A-Za-z][A-Za-z ^,.'-]{4,}[A-Za-z ]\0*")
_LONGEST_DISGUISE = 1024
_REGISTERED = ("1.2.840.10008.", "2.16.840.1.113883.6.")
_LONGEST_UID = 64
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
    settings: DeidentifySettings
    age: str | None
    explicit: bool
    known: KnownStrings = field(default_factory=KnownStrings)
    _doubtful: list[tuple[Dataset, Dataset, Element, Action]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._days = self.pseudonymiser.shift_days(self.identity.patient)
        self._carry: dict[Action, Callable[[Dataset, Element, str], Element | None]] = {
            Action.EMPTY: _emptied,
            Action.DUMMY: lambda ds, element, vr: DataElement(element.tag, vr, "REMOVED"),
            Action.SHIFT: self._shifted,
            Action.REMAP: self._remapped,
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
        for ds, copy, element, action in self._doubtful:
            try:
                settled = self._settled(ds, element, action)
            except Exception:
                settled = None
            if settled is None:
                del copy[element.tag]
            else:
                copy[element.tag] = settled

    def _carried(self, ds: Dataset, element: Element, copy: Dataset) -> Element | None:
        vr = vr_of(element)
        options = self.settings
        action = action_for(int(element.tag), vr, options.keep_characteristics, options.keep_device)
        if vr == "PN" or (action is not Action.KEEP and int(element.tag) in _IDENTIFYING):
            self._learn(ds, element, vr)
        if action is Action.REMOVE:
            if vr == "SQ" and not element.tag.is_private:
                self._learn_from_items(ds, element)
            return None
        carry = self._carry.get(action)
        if carry is not None:
            return carry(ds, element, vr)
        if action is Action.KEEP:
            if (
                isinstance(element.value, bytes)
                and len(element.value) <= _LONGEST_DISGUISE
                and _LETTERS.fullmatch(element.value)
            ):
                return None  # a name in the bytes of a number
        else:
            self._doubtful.append((ds, copy, element, action))
        return self._as_written(ds, element, vr)

    def _as_written(self, ds: Dataset, element: Element, vr: str) -> Element:
        """The element itself, its value read where that was put off, with a VR where an explicit file lacks one."""
        if isinstance(element, RawDataElement):
            if element.value is None:
                return ds[element.tag] if element.length else DataElement(element.tag, vr[:2], None)
            if self.explicit and element.VR != vr:
                return element._replace(VR=vr[:2])
        return element

    def _settled(self, ds: Dataset, element: Element, action: Action) -> Element | None:
        vr = vr_of(element)
        text = text_of(ds, element, vr)
        if action is Action.CLEAN:
            cleaned = clean_description(self.known.without(text))
            return DataElement(element.tag, vr, cleaned) if cleaned else None
        well_formed = _WELL_FORMED.get(action)
        if (well_formed and not well_formed(text)) or self.known.found_in(text, action):
            return None
        return self._as_written(ds, element, vr)

    def _shifted(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        moved = shifted(text_of(ds, element, vr), vr, self._days)
        if moved is None:
            # Study Date and Time are of type 2: present, if only empty.
            return DataElement(element.tag, vr, "") if self._depth == 0 else None
        return DataElement(element.tag, vr, moved.split("\\") if "\\" in moved else moved)

    def _remapped(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        return self._new_uids(ds, element, lambda uid: False)

    def _referenced(self, ds: Dataset, element: Element, vr: str) -> Element | None:
        return self._new_uids(ds, element, _is_registered)

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
    return uid.startswith(_REGISTERED) and len(uid) <= _LONGEST_UID and uid.replace(".", "").isdigit()


_WELL_FORMED: dict[Action, Callable[[str], bool]] = {
    Action.CODE: is_code,
    Action.NUMBER: is_number,
    Action.LONG_TEXT: is_technical,
}

"""What has to happen to each element of a hospital's file, in the categories of the MIDI-B challenge.

Derived from the standard's table as dicom-anonymizer carries it and from what the simulator planted; the product's own
table of actions is not read, so that the two can disagree.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.tag import Tag


class Category(StrEnum):
    """MIDI-B's kinds of action."""

    TAG_REMOVED = "tag removed"
    TAG_RETAINED = "tag retained"
    TEXT_NOT_NULL = "text not null"
    TEXT_REMOVED = "text removed"
    TEXT_RETAINED = "text retained"
    DATE_SHIFTED = "date shifted"
    UID_CHANGED = "UID changed"
    UID_CONSISTENT = "UID consistent"
    PATIENT_ID_CONSISTENT = "patient id consistent"
    PIXELS_RETAINED = "pixels retained"


Place = tuple[int, ...]
"""Tags and item numbers by turns, the element's own tag last."""


@dataclass(frozen=True)
class Required:
    """One action on one element: what it is, where, and whether the element as it became (None: gone) has it."""

    category: Category
    where: str
    right: Callable[[DataElement | None], bool]


def _tags(*lists: list[tuple[int, ...]]) -> frozenset[int]:
    return frozenset(entry[0] << 16 | entry[1] for entries in lists for entry in entries if len(entry) == 2)


_GONE = _tags(table.X_TAGS, table.X_Z_TAGS, table.X_D_TAGS, table.X_Z_D_TAGS, table.Z_TAGS, table.Z_D_TAGS)
_UIDS = _tags(table.U_TAGS)
_BIRTH = frozenset({Tag("PatientBirthDate"), Tag("PatientBirthTime")})
_DESCRIPTIONS = frozenset(
    Tag(keyword)
    for keyword in (
        "StudyDescription",
        "SeriesDescription",
        "ProtocolName",
        "PerformedProcedureStepDescription",
        "RequestedProcedureDescription",
    )
)
_ELSEWHERE = frozenset({Tag("SpecificCharacterSet"), Tag("PixelData")})  # the pixels are compared as pictures
_CHARACTERISTICS = frozenset({Tag("PatientSex"), Tag("PatientAge")})
_NAMED = frozenset({Tag("PatientID"), Tag("PatientName")})
_TEXTS = frozenset("LO SH ST LT UT UC CS UR AE PN".split())
_BOOKKEEPING = (
    "PatientIdentityRemoved",
    "DeidentificationMethod",
    "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)
_OLDEST = 89


def required_of(ds: Dataset, markers: Collection[str], days: "Days") -> Iterator[tuple[Place, Required]]:
    """Each element's place with what is required of it; empty elements require nothing."""
    for keyword in _BOOKKEEPING:
        yield (Tag(keyword),), Required(Category.TEXT_NOT_NULL, keyword, _is_there)
    yield from _of_items(ds, (), markers, days)


def _of_items(ds: Dataset, path: Place, markers: Collection[str], days: "Days") -> Iterator[tuple[Place, Required]]:
    for element in ds:
        here = (*path, element.tag)
        if element.value is None or element.value == "" or element.tag in _ELSEWHERE:
            continue
        category, right = _decided(element, days)
        where = element.keyword or "private element"
        if category is not None:
            yield here, Required(category, where, right)
        if element.VR == "SQ" and category is None:
            for number, item in enumerate(element.value):
                yield from _of_items(item, (*here, number), markers, days)
        found = [marker for marker in markers if marker in str(element.value).casefold()] if element.VR != "SQ" else []
        if found:
            yield here, Required(Category.TEXT_REMOVED, where, lambda new, found=found: not _holds(new, found))
        if element.tag in _DESCRIPTIONS:
            rest = _without(str(element.value), found)
            yield here, Required(Category.TEXT_RETAINED, where, lambda new, rest=rest: _text(new) == rest)


class Days:
    """The shift that one patient's dates have to share: learnt from the first, held against all others."""

    def __init__(self) -> None:
        self._seen: int | None = None

    def moved(self, old: str, new: DataElement | None) -> bool:
        """Whether the date (of a DA or DT value) went to another day, as far as the patient's other dates."""
        try:
            before, after = date.fromisoformat(old[:8]), date.fromisoformat(_text(new)[:8])
        except ValueError:
            return False
        if self._seen is None:
            self._seen = (before - after).days
        return self._seen != 0 and (before - after).days == self._seen


def _decided(element: DataElement, days: Days) -> tuple[Category | None, Callable[[DataElement | None], bool]]:
    """The category and its proof; None where the element is a sequence to be looked into, or a description."""
    tag, vr, value = element.tag, element.VR, str(element.value)
    decided: tuple[Category | None, Callable[[DataElement | None], bool]]
    if tag.is_private:
        decided = Category.TAG_REMOVED, _is_null
    elif tag in _NAMED:
        decided = Category.TEXT_NOT_NULL, lambda new: _is_there(new) and _text(new) != value
    elif tag in _CHARACTERISTICS:
        kept = f"{_OLDEST + 1:03d}Y" if vr == "AS" and int(value[:3]) > _OLDEST else value
        decided = Category.TEXT_RETAINED, lambda new: _text(new) == kept
    elif vr == "UI":
        decided = _of_uid(element)
    elif vr in ("DA", "DT") and tag not in _BIRTH:
        decided = Category.DATE_SHIFTED, lambda new: days.moved(value, new)
    elif vr == "TM":
        decided = Category.TEXT_NOT_NULL, _is_there
    elif tag in _DESCRIPTIONS or (vr == "SQ" and tag not in _GONE):
        decided = None, _is_there
    elif tag in _GONE:
        decided = Category.TAG_REMOVED, lambda new: _is_null(new) or (vr != "SQ" and _text(new) != value)
    else:
        decided = (
            Category.TEXT_RETAINED if vr in _TEXTS else Category.TAG_RETAINED,
            lambda new: new is not None and new.value == element.value,
        )
    return decided


def _of_uid(element: DataElement) -> tuple[Category, Callable[[DataElement | None], bool]]:
    """DICOM's own UIDs stay; every other is another one afterwards."""
    if element.tag not in _UIDS and str(element.value).startswith("1.2.840.10008."):
        return Category.TAG_RETAINED, lambda new: new is not None and new.value == element.value
    return Category.UID_CHANGED, lambda new: _is_there(new) and _text(new) != str(element.value)


def _without(text: str, markers: Collection[str]) -> str:
    """The text less the words that hold a marker."""
    return " ".join(word for word in text.split() if not any(marker in word.casefold() for marker in markers))


def _holds(element: DataElement | None, markers: Collection[str]) -> bool:
    return element is not None and any(marker in str(element.value).casefold() for marker in markers)


def _text(element: DataElement | None) -> str:
    return "" if element is None or element.value is None else re.sub(r"\s+", " ", str(element.value)).strip()


def _is_null(element: DataElement | None) -> bool:
    return element is None or _text(element) == "" or (element.VR == "SQ" and not element.value)


def _is_there(element: DataElement | None) -> bool:
    return not _is_null(element)


def element_at(ds: Dataset, path: Place) -> DataElement | None:
    """The element at the end of the path, None where the path ends before."""
    *steps, last = path
    for tag, number in zip(steps[::2], steps[1::2], strict=True):
        if tag not in ds or ds[tag].VR != "SQ" or len(ds[tag].value) <= number:
            return None
        ds = ds[tag].value[number]
    return ds[last] if last in ds else None

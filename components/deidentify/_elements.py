"""Values of elements as text, read raw where they can be: most elements are never decoded."""

from collections.abc import Iterator
from typing import Any

from pydicom import Dataset, Sequence
from pydicom._dicom_dict import DicomDictionary
from pydicom.datadict import tag_for_keyword
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.multival import MultiValue

Element = DataElement | RawDataElement

_ASCII_VRS = frozenset({"AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI"})
_TEXT_VRS = _ASCII_VRS | {"AE", "LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_ESCAPE = b"\x1b"


def elements_of(ds: Dataset) -> Iterator[Element]:
    """The elements in the order of their tags, as they were read; a large value put off stays on disk."""
    for tag in sorted(ds.keys(), key=int):  # a tag compares itself more slowly than a number
        yield ds.get_item(tag, keep_deferred=True)


def vr_of(element: Element) -> str:
    """The VR that the file gives, else the dictionary's, else UN."""
    vr = element.VR
    if vr and vr != "UN":
        return str(vr)
    known = DicomDictionary.get(int(element.tag))
    return known[0] if known else "UN"


def text_of(ds: Dataset, element: Element, vr: str) -> str:
    """The value as text, several values parted by backslashes; whatever pydicom raises where it is no text."""
    value: Any = element.value
    if isinstance(value, bytes) and isinstance(element, RawDataElement):
        if vr in _ASCII_VRS:
            return value.decode("latin-1").strip(" \0")
        if value.isascii() and _ESCAPE not in value:
            return value.decode("ascii").strip(" \0")
        value = ds[element.tag].value
    if value is None:
        return ""
    if isinstance(value, list | tuple | MultiValue):
        return "\\".join(str(part) for part in value)
    return str(value).strip(" \0")


def items_of(ds: Dataset, element: Element) -> list[Dataset]:
    """The items of a sequence; none where it cannot be read as one."""
    value = element.value if isinstance(element, DataElement) else ds[element.tag].value
    return list(value) if isinstance(value, Sequence) else []


def attribute_text(ds: Dataset, keyword: str) -> str:
    """The attribute as text without padding, several values parted by backslashes; empty where none can be read."""
    tag = tag_for_keyword(keyword)
    if tag is None or tag not in ds:
        return ""
    try:
        element = ds.get_item(tag)
        vr = vr_of(element)
        return text_of(ds, element if vr in _TEXT_VRS else ds[tag], vr)
    except Exception:
        return ""

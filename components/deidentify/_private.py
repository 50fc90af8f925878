"""Private elements that PS3.15 table E.3.10-1 calls safe, by their creator: never by their number alone."""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.tag import BaseTag

from components.deidentify._elements import Element, text_of

_LAST_BLOCK = 0xFF

# (creator, group, element within its block): VR. Rows of the table whose values are numbers or terms.
_SAFE = {
    ("Philips PET Private Group", 0x7053, 0x00): "DS",  # SUV factor
    ("Philips PET Private Group", 0x7053, 0x09): "DS",  # activity concentration factor
    ("Philips Imaging DD 001", 0x2001, 0x03): "FL",  # diffusion b-factor
    ("Philips Imaging DD 001", 0x2001, 0x04): "CS",  # diffusion direction
    ("Philips MR Imaging DD 001", 0x2005, 0x0D): "FL",  # scale intercept
    ("Philips MR Imaging DD 001", 0x2005, 0x0E): "FL",  # scale slope
    ("SIEMENS MR HEADER", 0x0019, 0x0C): "IS",  # b-value
    ("SIEMENS MR HEADER", 0x0019, 0x0D): "CS",  # diffusion directionality
    ("SIEMENS MR HEADER", 0x0019, 0x0E): "FD",  # diffusion gradient direction
    ("SIEMENS MR HEADER", 0x0019, 0x27): "FD",  # diffusion b-matrix
    ("ELSCINT1", 0x00E1, 0x21): "DS",  # dose length product
    ("ELSCINT1", 0x01E1, 0x26): "CS",  # phantom type
    ("ELSCINT1", 0x01E1, 0x50): "DS",  # acquisition duration
    ("ELSCINT1", 0x01F1, 0x01): "CS",  # acquisition type
    ("ELSCINT1", 0x01F1, 0x07): "DS",  # table velocity
    ("ELSCINT1", 0x01F1, 0x26): "DS",  # pitch
    ("ELSCINT1", 0x01F1, 0x27): "DS",  # rotation time
    ("GEMS_ACQU_01", 0x0019, 0x23): "DS",  # table speed
    ("GEMS_ACQU_01", 0x0019, 0x24): "DS",  # mid scan time
    ("GEMS_ACQU_01", 0x0019, 0x27): "DS",  # rotation speed
    ("GEMS_SERS_01", 0x0025, 0x07): "SL",  # images in series
    ("GEMS_PARM_01", 0x0043, 0x27): "SH",  # scan pitch ratio
    ("GEMS_PARM_01", 0x0043, 0x6F): "DS",  # scanner table entry
    ("GEMS_HELIOS_01", 0x0045, 0x01): "SS",  # macro rows in detector
    ("GEMS_HELIOS_01", 0x0045, 0x02): "FL",  # macro width
    ("GEIIS PACS", 0x0903, 0x10): "US",  # reject image flag
    ("GEIIS PACS", 0x0903, 0x11): "US",  # significant flag
    ("GEIIS PACS", 0x0903, 0x12): "US",  # confidential flag
}


@dataclass(frozen=True)
class SafePrivate:
    """What the table says of one private element, and the element that reserves its block."""

    vr: str
    creator_tag: BaseTag
    creator: str


def safe_private(ds: Dataset, element: Element) -> SafePrivate | None:
    """The table's row for a private element of the data set.

    None for every other, also where no creator reserves its block, and where the file gives it another VR.
    """
    tag = element.tag
    creator_tag = BaseTag(tag.group << 16 | tag.element >> 8)
    if tag.element <= _LAST_BLOCK or creator_tag not in ds:
        return None
    creator = text_of(ds, ds.get_item(creator_tag), "LO")
    vr = _SAFE.get((creator, tag.group, tag.element & _LAST_BLOCK))
    if vr is None or element.VR not in (vr, "UN", None):
        return None
    return SafePrivate(vr, creator_tag, creator)

"""Why a DICOM file cannot be de-identified."""

from enum import StrEnum


class HeaderReason(StrEnum):
    """The closed words under which such a file is refused."""

    BURNED_IN_TEXT = "burned_in_text"
    BAD_HEADER = "bad_header"
    UNREADABLE_PIXELS = "unreadable_pixels"

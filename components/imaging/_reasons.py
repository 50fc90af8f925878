"""Why the pixels of a DICOM file are not taken."""

from enum import StrEnum


class PixelReason(StrEnum):
    """The closed words under which such a file is refused."""

    NO_PIXELS = "no_pixels"
    COLOUR = "colour"
    MULTI_FRAME = "multi_frame"
    TOO_LARGE = "too_large"
    TRUNCATED = "truncated"
    UNREADABLE_PIXELS = "unreadable_pixels"

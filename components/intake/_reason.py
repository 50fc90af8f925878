"""Why something is refused, in closed words, and how a failure becomes one of them."""

from enum import StrEnum

from components.errors import RefusedInputError


class Reason(StrEnum):
    """The folder of quarantine in which a refused thing lies, and the word under which it is counted."""

    NOT_DICOM = "not_dicom"
    UNREADABLE_FILE = "unreadable_file"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    BAD_HEADER = "bad_header"
    WRONG_MODALITY = "wrong_modality"
    NOT_CHEST = "not_chest"
    NO_PIXELS = "no_pixels"
    OTHER_PROCESSING = "other_processing"
    OTHER_VIEW = "other_view"
    COLOUR = "colour"
    MULTI_FRAME = "multi_frame"
    UNREADABLE_PIXELS = "unreadable_pixels"
    BURNED_IN_TEXT = "burned_in_text"
    BAD_REPORT = "bad_report"
    CONFLICT = "conflict"
    DECODER_CRASH = "decoder_crash"
    WITHDRAWN = "withdrawn"


def refused(reason: Reason, detail: str) -> RefusedInputError:
    """The error to raise for one refused file or message; the sentence holds no identifier."""
    return RefusedInputError(reason, detail)

"""Pixels on their way into the store: decoded within bounds, searched for text, and blacked out where there is some."""

from pydicom import Dataset

from components.deidentify import announced_text, set_pixels_clean, text_to_black_out
from components.imaging import Radiograph, read_radiograph
from components.intake._reason import Reason, refused
from components.settings import BurnedIn, DeidentifySettings


def without_text(original: Dataset, safe: Dataset, settings: DeidentifySettings) -> Radiograph:
    """The radiograph with all text but markers blacked out, in its de-identified data set too.

    Args:
        original: the data set as it came; its header says whether text is to be expected.
        safe: its de-identified copy. Where nothing is blacked out, its pixel data stays as it is.
        settings: whether text is blacked out at all, and how closely a picture is looked at.

    Raises:
        RefusedInputError: no single grey picture that can be decoded, or text that a person should look at.
    """
    radiograph = read_radiograph(safe)
    boxes = text_to_black_out(
        radiograph.search_picture, announced_text(original), everywhere=settings.read_whole_picture
    )
    if boxes and settings.burned_in is BurnedIn.REFUSE:
        raise refused(Reason.BURNED_IN_TEXT, "Text is burned into the pixels, and the settings say to refuse it.")
    if boxes:
        radiograph = radiograph.blacked_out(boxes)
        radiograph.write_into(safe)
    set_pixels_clean(safe)
    return radiograph

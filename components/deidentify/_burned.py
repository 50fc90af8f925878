"""Text burned into the pixels: what the header says of it, and what of the picture has to be blacked out."""

import re
from enum import Enum, auto

from pydicom import Dataset, Sequence

from components.deidentify._boxes import Box, merged
from components.deidentify._elements import attribute_text
from components.deidentify._glyphs import GreyPicture, text_like
from components.deidentify._ocr import ReadLine, read_lines
from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError

_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its multi-frame kinds
_RADIOGRAPHY = frozenset({"CR", "DX"})
# Conversion Types of paper, film and screens, which show what stood on them: a name plate, a banner.
_COPIED = frozenset({"DV", "DF", "SD", "SI", "DRW"})

# What radiographers put into a picture on purpose: side, projection, position, breath. It names nobody.
_LONG_MARKERS = (
    "LEFT RIGHT LATERAL ERECT UPRIGHT SEMI SEMIUPRIGHT SEMIERECT STANDING SITTING SUPINE PRONE DECUBITUS DECUB PORTABLE"
    " PORT MOBILE BEDSIDE INSPIRATION EXPIRATION INSP CHEST GRID DOWN".split()
)
_SHORT_MARKERS = "L R LT RT PA AP LAT LL RL LAO RAO LPO RPO EXP CXR UP".split()
# The reader leaves out spaces: PORTABLEAP.
_MARKER = re.compile(rf"(?:{'|'.join(_SHORT_MARKERS)})|(?:{'|'.join([*_LONG_MARKERS, 'AP', 'PA', 'LAT'])})+")
_WORD = re.compile(r"[^\W_]+")
_SURE = 0.8  # of two letters; less sure ones are mostly the edge of a lead marker
_LETTER_HEIGHT = 24  # pixels, as which letters are shown to the reader
_LARGEST, _SMALLEST = 3.0, 0.2  # scales at which the reader looks
_WHOLE = 1024  # pixels of the longer side, as which a whole picture is shown to the reader
_MOST_REGIONS = 12
_MOST_LOOKED_AT = 0.4  # share of the picture in regions, beyond which the whole is looked at instead
_LOOKS = 5
_WIDE = 2.5  # widths over height of a line that is no single letter
_LONG = 5  # letters; a longer line is no initials on a lead marker
_AROUND = 5  # heights of a line
_MOST_BLACK = 0.3  # share of the picture
_TALLEST = 0.15  # of the picture's shorter side; no program writes larger letters
_CHEST = 0.2  # of each side: what lies further inside is the chest itself
_MARGIN = 0.25  # of a line's height


class Announced(Enum):
    """What the header lets expect of text in the pixels."""

    TEXT = auto()  # it says so
    PERHAPS = auto()  # a copy of paper, film or a screen, or what it says cannot be read
    NOTHING = auto()  # it denies it, or is silent


def announced_text(ds: Dataset) -> Announced:
    """By Burned In Annotation, else by Conversion Type and the signs of a secondary capture."""
    try:
        stated = str(ds.get("BurnedInAnnotation") or "").strip(" \0").upper()
    except Exception:
        stated = "unreadable"
    if stated == "YES":
        return Announced.TEXT
    if stated == "NO":
        return Announced.NOTHING
    captured = f"{attribute_text(ds, 'SOPClassUID')}.".startswith(_SECONDARY_CAPTURE)
    captured = captured and attribute_text(ds, "Modality").upper() not in _RADIOGRAPHY
    copied = attribute_text(ds, "ConversionType").upper() in _COPIED
    return Announced.PERHAPS if stated or captured or copied else Announced.NOTHING


def text_to_black_out(grey: GreyPicture, announced: Announced, *, everywhere: bool = False) -> list[Box]:
    """The rectangles of all text but the markers of a closed vocabulary; empty where there is none.

    Where nothing is announced, only what looks like lines of letters is read; else, and after any find, the whole
    picture. It is looked at again, blacked out, until nothing is found.

    Args:
        grey: uint8 [rows, columns], 0..255, text that stands out of the picture's own range included.
        announced: what the header says.
        everywhere: read the whole picture whatever is announced.

    Raises:
        RefusedInputError: a person should look: text over the chest, too much of it, text that does not go away, or
            none found where the header says that there is some.
    """
    picture, black = grey.copy(), list[Box]()
    lines = _read_regions(picture)
    # Half of a marker may have stood out, and reads like a name: the whole is read before anything goes black.
    if everywhere or announced is not Announced.NOTHING or _naming(lines, black):
        lines += _read_whole(picture)
    for _ in range(_LOOKS):
        naming = [line for line in _naming(lines, black) if not _is_anatomy(line, picture)]
        if not naming:
            if announced is Announced.TEXT and not black:
                raise _unsure("The header says that text is burned into the pixels, but none was found")
            return black
        found = _with_all_letters(naming, picture)
        _refuse_risky(found, black, picture)
        for box in found:
            picture[box.slices] = picture.min()
        black = merged([*black, *found])
        lines = [*_read_regions(picture), *_read_whole(picture), *_read_around(picture, found)]
    raise _unsure("Text is left in the picture after blacking out what was found")


def set_pixels_clean(ds: Dataset) -> None:
    """Writes down that the pixels were searched (PS3.15 E.3.1; code of CID 7050)."""
    ds.BurnedInAnnotation = "NO"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "113101", "DCM", "Clean Pixel Data Option"
    ds.DeidentificationMethodCodeSequence = Sequence([*ds.get("DeidentificationMethodCodeSequence", []), code])


def _read_regions(grey: GreyPicture) -> list[ReadLine]:
    likely = text_like(grey)
    if likely is None:
        return _read_whole(grey)
    shape = (grey.shape[0], grey.shape[1])
    regions = merged(line.box.grown(2 * line.height, shape) for line in likely)
    if len(regions) > _MOST_REGIONS or sum(region.area for region in regions) > _MOST_LOOKED_AT * grey.size:
        return _read_whole(grey)
    read = []
    for region in regions:
        height = min(line.height for line in likely if line.box.meets(region))
        read += read_lines(grey, region, scale=_scale_for(height))
    return read


def _read_whole(grey: GreyPicture) -> list[ReadLine]:
    return read_lines(grey, Box(0, 0, *grey.shape), scale=min(1, _WHOLE / max(grey.shape)))


def _read_around(grey: GreyPicture, found: list[Box]) -> list[ReadLine]:
    """What stands beside text that was found: often more of it, too faint to be seen in the whole."""
    shape = (grey.shape[0], grey.shape[1])
    read = []
    for box in found:
        height = _thickness(box)
        read += read_lines(grey, box.grown(_AROUND * height, shape), scale=_scale_for(height))
    return read


def _scale_for(height: int) -> float:
    return min(max(_LETTER_HEIGHT / height, _SMALLEST), _LARGEST)


def _naming(lines: list[ReadLine], black: list[Box]) -> list[ReadLine]:
    """The lines that may name somebody: no markers, nor parts of them, and more than a letter."""
    markers = [line.box for line in lines if _is_marker(line)]
    return [
        line
        for line in lines
        if not _is_marker(line)
        and not any(_lies_in(line.box, marker) for marker in markers)
        and not _is_single(line, black)
    ]


def _is_marker(line: ReadLine) -> bool:
    words = _WORD.findall(line.text.upper())
    return bool(words) and all(_MARKER.fullmatch(word) for word in words)


def _lies_in(part: Box, whole: Box) -> bool:
    slack = _thickness(whole) // 2
    return (
        whole.top - slack <= part.top
        and part.bottom <= whole.bottom + slack
        and whole.left - slack <= part.left
        and part.right <= whole.right + slack
    )


def _is_single(line: ReadLine, black: list[Box]) -> bool:
    """Whether it is one letter, or two that can hardly be read, and not the rest of what was blacked out."""
    if max(line.box.bottom - line.box.top, line.box.right - line.box.left) >= _WIDE * _thickness(line.box):
        return False  # a word in a script that the reader does not know is one letter to it, or none
    letters = sum(map(len, _WORD.findall(line.text)))
    few = letters < 2 or (letters == 2 and line.sureness < _SURE)  # noqa: PLR2004
    return few and not any(_continues(box, line.box) for box in black)


def _is_anatomy(line: ReadLine, grey: GreyPicture) -> bool:
    """Whether the reader saw letters in ribs or spine: over the chest, and too tall, or unsure and unlike letters."""
    if not line.box.meets(_chest_in(grey)):
        return False
    if _thickness(line.box) > _TALLEST * min(grey.shape):
        return True
    if line.sureness >= _SURE:
        return False
    return not any(likely.box.meets(line.box) for likely in text_like(grey) or [])


def _chest_in(grey: GreyPicture) -> Box:
    rows, columns = grey.shape
    return Box(int(_CHEST * rows), int(_CHEST * columns), int((1 - _CHEST) * rows), int((1 - _CHEST) * columns))


def _continues(black: Box, line: Box) -> bool:
    """Whether a letter stands before or after what was blacked out, in the same line, and is no larger than that."""
    by = _thickness(line)
    upright = black.bottom - black.top > black.right - black.left
    rows, columns = (by, 0) if upright else (0, by)
    beside = Box(line.top - rows, line.left - columns, line.bottom + rows, line.right + columns)
    return by <= _thickness(black) and black.meets(beside)


def _with_all_letters(naming: list[ReadLine], grey: GreyPicture) -> list[Box]:
    """The lines with a margin, and with those letters beside long ones that the reader left out."""
    shape = (grey.shape[0], grey.shape[1])
    found = [_with_margin(line).grown(0, shape) for line in naming]
    long = [box for box, line in zip(found, naming, strict=True) if not _is_initials(line)]
    letters = [line.box.grown(line.height // 2, shape) for line in (text_like(grey) or [] if long else [])]
    return merged([*found, *(box for box in letters if any(box.meets(line) for line in long))])


def _with_margin(line: ReadLine) -> Box:
    """More at the ends of a long line: there the reader is likely to have left out a letter."""
    top, left, bottom, right = line.box
    thickness = _thickness(line.box)
    beside = 2 + round(_MARGIN * thickness)
    at_ends = beside if _is_initials(line) else 2 * thickness
    if right - left >= bottom - top:
        return Box(top - beside, left - at_ends, bottom + beside, right + at_ends)
    return Box(top - at_ends, left - beside, bottom + at_ends, right + beside)


def _is_initials(line: ReadLine) -> bool:
    """A few letters, as the radiographer's stand on a lead marker beside the side, which should stay."""
    return 1 < sum(map(len, _WORD.findall(line.text))) < _LONG


def _thickness(box: Box) -> int:
    return min(box.bottom - box.top, box.right - box.left)


def _refuse_risky(found: list[Box], before: list[Box], grey: GreyPicture) -> None:
    if any(box.meets(_chest_in(grey)) for box in found):
        raise _unsure("Text, or what looks like it, lies over the chest: blacking it out could hide a finding")
    if sum(box.area for box in merged([*before, *found])) > _MOST_BLACK * grey.size:
        raise _unsure("Text covers much of the picture")


def _unsure(what: str) -> RefusedInputError:
    return RefusedInputError(
        HeaderReason.BURNED_IN_TEXT, f"{what}. A person should look at it, and send a copy without text."
    )

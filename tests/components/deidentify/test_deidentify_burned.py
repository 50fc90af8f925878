"""Text in the pixels: found and covered in every letter, markers left, people asked where it is not sure."""

from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import BaseTag

from components.deidentify import Announced, Box, HeaderReason, announced_text, set_pixels_clean, text_to_black_out
from components.deidentify._boxes import merged
from components.deidentify._glyphs import text_like
from components.deidentify._ocr import read_lines
from components.errors import RefusedInputError

FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"  # the same on every machine
NAME = "QZFAMILY, ANNA 12.03.1961"
SIDE = 512


def thorax() -> np.ndarray:
    """Something like a chest: two dark fields, bright between and around, ribs, noise; nothing in it is a letter."""
    rows, columns = np.mgrid[0:SIDE, 0:SIDE] / SIDE
    lungs = sum(np.exp(-(((columns - x) / 0.13) ** 2 + ((rows - 0.5) / 0.28) ** 2)) for x in (0.3, 0.7))
    body = np.clip(3 - 6 * np.abs(columns - 0.5) ** 2 * 4, 0, 1) * np.clip(rows * 6, 0, 1)
    ribs = 0.05 * np.sin(rows * 60 + (columns - 0.5) ** 2 * 40)
    noise = np.random.default_rng(0).normal(0, 0.01, rows.shape)
    return np.clip(32 + 150 * np.clip(body - 0.7 * lungs + ribs * body + noise, 0, 1), 0, 255).astype(np.uint8)


def with_text(grey, text, place, *, height=20, level=223, font="DejaVuSans.ttf"):  # noqa: PLR0913
    """The picture with the text, and a mask of the text's pixels; place is (left, top)."""
    layer = Image.new("L", grey.shape[::-1], 0)
    ImageDraw.Draw(layer).text(place, text, fill=255, font=letters(font, height))
    strength = np.asarray(layer) / 255
    assert strength.any()
    return (grey * (1 - strength) + level * strength).round().astype(np.uint8), strength > 0.5


@cache
def letters(font, height):
    return ImageFont.truetype(FONTS / font, height)


def covered(mask, boxes) -> float:
    black = np.zeros(mask.shape, bool)
    for box in boxes:
        black[box.slices] = True
    return float((mask & black).sum() / mask.sum())


@pytest.mark.parametrize(
    ("font", "height"),
    [("DejaVuSans.ttf", 12), ("DejaVuSans-Bold.ttf", 20), ("DejaVuSansMono.ttf", 28), ("DejaVuSerif.ttf", 12)],
)
def test_a_name_is_covered_in_any_font_and_size(font, height):
    picture, name = with_text(thorax(), NAME, (8, 6), font=font, height=height)
    assert covered(name, text_to_black_out(picture, Announced.NOTHING)) > 0.99


@pytest.mark.parametrize(("level", "place"), [(255, (150, 480)), (0, (150, 480)), (110, (8, 6)), (223, (240, 6))])
def test_a_name_is_covered_light_or_dark_wherever_it_stands_at_the_edge(level, place):
    picture, name = with_text(thorax(), NAME, place, level=level)
    assert covered(name, text_to_black_out(picture, Announced.NOTHING)) > 0.99


@pytest.mark.parametrize("name", ["Иванов Пётр", "محمد عبد الله", "NG LI"])
def test_a_name_is_covered_in_scripts_that_the_reader_does_not_know(name):
    picture, written = with_text(thorax(), name, (8, 6))
    assert covered(written, text_to_black_out(picture, Announced.NOTHING)) > 0.99


def test_a_name_along_the_side_is_covered():
    picture, name = with_text(thorax(), NAME, (100, 6))
    turned = np.ascontiguousarray(np.rot90(picture))
    assert covered(np.rot90(name), text_to_black_out(turned, Announced.NOTHING)) > 0.99


def test_markers_stay_and_the_line_beside_them_goes():
    picture, marker = with_text(thorax(), "PORTABLE AP ERECT", (260, 480))
    assert text_to_black_out(picture, Announced.NOTHING) == []
    picture, name = with_text(picture, NAME, (8, 6))
    boxes = text_to_black_out(picture, Announced.NOTHING)
    assert covered(name, boxes) > 0.99
    assert covered(marker, boxes) == 0


def test_a_picture_without_text_is_left_alone_however_closely_it_is_looked_at():
    assert text_to_black_out(thorax(), Announced.NOTHING) == []
    assert text_to_black_out(thorax(), Announced.PERHAPS) == []
    assert text_to_black_out(thorax(), Announced.NOTHING, everywhere=True) == []
    assert text_to_black_out(np.full((64, 64), 32, np.uint8), Announced.NOTHING, everywhere=True) == []


def test_faint_text_is_found_where_the_whole_picture_is_read():
    picture, name = with_text(thorax(), NAME, (8, 6), level=70)
    assert text_like(picture) == [], "too faint for the first glance"
    assert covered(name, text_to_black_out(picture, Announced.PERHAPS)) > 0.99
    assert covered(name, text_to_black_out(picture, Announced.NOTHING, everywhere=True)) > 0.99


@pytest.mark.parametrize(
    ("text", "place", "height", "announced", "word"),
    [
        (NAME, (120, 240), 20, Announced.NOTHING, "over the chest"),
        ("PORTABLE", (8, 6), 20, Announced.TEXT, "none was found"),
        ("\n".join(["QZ HOSPITAL REPORT"] * 5), (4, 0), 36, Announced.NOTHING, "chest"),
    ],
)
def test_a_person_is_asked_where_it_is_not_sure(text, place, height, announced, word):
    picture, _ = with_text(thorax(), text, place, height=height, level=255)
    with pytest.raises(RefusedInputError) as refusal:
        text_to_black_out(picture, announced)
    assert refusal.value.reason == HeaderReason.BURNED_IN_TEXT
    assert word in str(refusal.value)
    assert "A person should look" in str(refusal.value)
    assert "QZ" not in str(refusal.value)


def test_text_that_the_header_announces_is_blacked_out_like_any_other():
    picture, name = with_text(thorax(), NAME, (8, 6))
    assert covered(name, text_to_black_out(picture, Announced.TEXT)) > 0.99


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"BurnedInAnnotation": "YES"}, Announced.TEXT),
        ({"BurnedInAnnotation": "NO", "ConversionType": "SD"}, Announced.NOTHING),
        ({"BurnedInAnnotation": "NEIN"}, Announced.PERHAPS),
        ({"BurnedInAnnotation": None}, Announced.NOTHING),
        ({"BurnedInAnnotation": None, "ConversionType": "SD"}, Announced.PERHAPS),
        ({"BurnedInAnnotation": None, "ConversionType": "DF"}, Announced.PERHAPS),
        ({"BurnedInAnnotation": None, "ConversionType": "WSD"}, Announced.NOTHING),
        ({"BurnedInAnnotation": None, "Modality": "OT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Announced.PERHAPS),
        ({"BurnedInAnnotation": None, "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}, Announced.NOTHING),
    ],
)
def test_what_the_header_lets_expect(chest, changes, expected):
    assert announced_text(chest(**changes)) is expected


def test_what_the_header_says_unreadably_is_no_denial(chest):
    ds = chest(BurnedInAnnotation=None)
    tag = BaseTag(0x00280301)
    ds._dict[tag] = RawDataElement(tag, "SQ", 2, b"NO", 0, False, True)
    assert announced_text(ds) is Announced.PERHAPS


def test_the_file_says_that_its_pixels_were_cleaned():
    ds = Dataset()
    set_pixels_clean(ds)
    assert ds.BurnedInAnnotation == "NO"
    assert [code.CodeValue for code in ds.DeidentificationMethodCodeSequence] == ["113101"]


def test_what_was_read_is_in_no_repr():
    picture, _ = with_text(thorax(), NAME, (8, 6))
    lines = read_lines(picture, Box(0, 0, 60, SIDE), scale=1)
    assert any("QZFAMILY" in line.text for line in lines)
    assert "QZFAMILY" not in repr(lines)


def test_a_side_stays_where_the_initials_below_it_go():
    picture, side = with_text(thorax(), "L", (450, 20), height=40)
    picture, initials = with_text(picture, "JFC", (440, 96), height=18)
    boxes = text_to_black_out(picture, Announced.NOTHING, everywhere=True)
    assert covered(initials, boxes) > 0.99
    assert covered(side, boxes) < 0.2


def test_the_first_glance_points_at_names_and_not_at_anatomy():
    assert text_like(thorax()) == []
    picture, name = with_text(thorax(), NAME, (8, 6))
    lines = text_like(picture)
    assert covered(name, [line.box for line in lines]) > 0.8
    assert all(8 <= line.height <= 24 for line in lines)
    large = cv2.resize(picture, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC)
    assert any(40 <= line.height <= 96 for line in text_like(large))
    noise = np.random.default_rng(1).integers(0, 255, (SIDE, SIDE)).astype(np.uint8)
    assert text_like(noise) is None, "shapes everywhere: the whole has to be read"


def test_boxes_that_meet_become_one():
    one, two, three, apart = Box(0, 0, 4, 4), Box(6, 6, 9, 9), Box(3, 3, 7, 7), Box(20, 20, 22, 22)
    assert sorted(merged([one, two, three, apart])) == [Box(0, 0, 9, 9), apart]
    assert merged([one, two]) == [one, two]
    assert one.grown(2, (5, 5)) == Box(0, 0, 5, 5)
    assert not Box(0, 0, 4, 4).meets(Box(4, 0, 6, 4)), "sides that touch share no pixel"

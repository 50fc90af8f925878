"""Radiographs with an invented patient's text burned in, and where it stands: what burned-in text is measured on."""

import io
import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

FONTS = ("DejaVuSans.ttf", "DejaVuSans-Bold.ttf", "DejaVuSansMono.ttf", "DejaVuSerif.ttf", "STIXGeneral.ttf", "strokes")
TEXTS = ("QZFAMILY, ANNA  12.03.1961", "Qzmiller Jonathan M 045Y", "ID: 4471902", "QZ WEI", "1961-03-12 14:22",
         "ST. QZ HOSPITAL")  # fmt: skip
LEVELS = ("white", "grey", "dark", "brighter than the picture")
_FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
_STROKES = cv2.FONT_HERSHEY_SIMPLEX


@dataclass(frozen=True, kw_only=True)
class BurnedPicture:
    """A radiograph (uint16 [rows, columns]), which of its pixels are text, and how that was written."""

    stored: NDArray[np.uint16]
    text: NDArray[np.bool_]
    bits: int
    height: int
    level: str
    font: str
    jpeg: bool


def burned_picture(files: list[Path], seed: int) -> BurnedPicture:
    """One of the pictures, 512 to 2048 pixels wide, with one line of text in a corner."""
    draw = random.Random(seed)  # noqa: S311 – a benchmark
    side = draw.choice([512, 1024, 2048])
    grey = cv2.resize(cv2.imread(str(draw.choice(files)), cv2.IMREAD_GRAYSCALE), (side, side))
    height = min(max(draw.choice([10, 12, 14, 18, 24, 32, 48, 64]), side // 146), side // 21)
    font, level, bits = draw.choice(FONTS), draw.choice(LEVELS), draw.choice([8, 12, 16])
    strength = _written(draw, side, height, font)
    top = 2**bits - 1
    picture = (grey / 255 * 0.85 + 0.05) * top
    value = _value(level, float(np.median(picture[strength > 0])) / top) * top
    stored = np.rint(picture * (1 - strength) + value * strength).astype(np.uint16)
    jpeg = bits == 8 and draw.random() < 0.7
    if jpeg:
        stored = _through_jpeg(stored, draw.choice([75, 90]))
    return BurnedPicture(
        stored=stored, text=strength > 0.5, bits=bits, height=height, level=level, font=font, jpeg=jpeg
    )


def dataset_of(stored: NDArray[np.uint16], bits: int) -> Dataset:
    """The picture as a data set with nothing but pixels."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "MONOCHROME2", 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = (8 if bits == 8 else 16), bits, bits - 1
    ds.PixelData = stored.astype("u1" if bits == 8 else "<u2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _written(draw: random.Random, side: int, height: int, font: str) -> NDArray[np.float64]:
    """Strength of the text's ink, 0..1, on a square picture."""
    text = draw.choice(TEXTS)
    bottom, right = draw.random() < 0.5, draw.random() < 0.5
    if font == "strokes":
        scale = cv2.getFontScaleFromHeight(_STROKES, round(0.7 * height))
        width = cv2.getTextSize(text, _STROKES, scale, max(1, height // 16))[0][0]
    else:
        width = int(_letters(font, height).getlength(text))
    left = max(2, side - width - draw.randint(4, 14)) if right else draw.randint(2, 12)
    top = side - round(1.3 * height) - draw.randint(2, 14) if bottom else draw.randint(2, 20)
    if font == "strokes":
        ink = np.zeros((side, side), np.uint8)
        cv2.putText(ink, text, (left, top + height), _STROKES, scale, 255, max(1, height // 16), cv2.LINE_AA)
        return ink / 255
    layer = Image.new("L", (side, side), 0)
    ImageDraw.Draw(layer).text((left, top), text, fill=255, font=_letters(font, height))
    return np.asarray(layer) / 255


def _value(level: str, under: float) -> float:
    """The text's grey, 0..1 of the scale, so that a person can read it on what lies under it."""
    if level == "brighter than the picture":
        return 1.0
    if level == "dark":
        return 0.03 if under > 0.35 else 0.85
    return 0.03 if under > 0.6 else 0.92 if level == "white" else 0.60 if under < 0.4 else 0.95


def _through_jpeg(stored: NDArray[np.uint16], quality: int) -> NDArray[np.uint16]:
    buffer = io.BytesIO()
    Image.fromarray(stored.astype(np.uint8)).save(buffer, "jpeg", quality=quality)
    return np.asarray(Image.open(buffer), dtype=np.uint16)


@cache
def _letters(font: str, height: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_FOLDER / font, height)

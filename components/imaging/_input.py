"""From a radiograph of any size to the square 8-bit picture that models see."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.imaging._pixels import FloatImage

PREPROCESSING_VERSION = "1"
"""Changes with whatever changes a model's input; a bundle names the version it was trained on."""

_DARK = 0.04
_LIT_SHARE = 0.02  # a line of the picture with fewer lit pixels is border
_MOST_CROPPED = 0.45


def to_input(pixels: FloatImage, *, size: int, crop_borders: bool) -> npt.NDArray[np.uint8]:
    """The picture as uint8 [size, size], 0..255, air dark, its aspect kept by black beside it.

    Args:
        pixels: float32 [rows, columns], 0..1, as `read_pixels` gives it.
        size: side of the square in pixels.
        crop_borders: whether black collimation borders are cut off first.
    """
    kept = _cropped(pixels) if crop_borders else pixels
    grey = Image.fromarray(np.rint(kept * 255).astype(np.uint8))
    scale = size / max(grey.size)
    width, height = (max(1, round(side * scale)) for side in grey.size)
    fitted = grey.resize((width, height), Image.Resampling.BICUBIC)
    square = np.zeros((size, size), dtype=np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = np.asarray(fitted)
    return square


def _cropped(pixels: FloatImage) -> FloatImage:
    lit = pixels > _DARK
    rows, columns = _lit_range(lit.mean(axis=1)), _lit_range(lit.mean(axis=0))
    return pixels[rows, columns]


def _lit_range(shares: npt.NDArray[np.floating]) -> slice:
    """From the first to the last line that belongs to the picture; all of them where little would be left."""
    lines = np.flatnonzero(shares > _LIT_SHARE)
    most = int(len(shares) * _MOST_CROPPED)
    if not len(lines) or lines[0] > most or len(shares) - 1 - lines[-1] > most:
        return slice(None)
    return slice(int(lines[0]), int(lines[-1]) + 1)

"""From a radiograph of any size to the square 8-bit picture that models see."""

import numpy as np
import numpy.typing as npt
from PIL import Image

from components.imaging._framing import Framing
from components.imaging._pixels import FloatImage
from components.settings import Fit

PREPROCESSING_VERSION = "1"
"""Changes with whatever changes a model's input; a bundle names the version it was trained on."""


def to_input(pixels: FloatImage, *, size: int, crop_borders: bool, fit: Fit = Fit.PAD) -> npt.NDArray[np.uint8]:
    """The picture as uint8 [size, size], 0..255, air dark.

    Args:
        pixels: float32 [rows, columns], 0..1, as `read_pixels` gives it.
        size: side of the square in pixels.
        crop_borders: whether black collimation borders are cut off first.
        fit: whether its aspect is kept, by black beside it, or both its sides fill the square.
    """
    framing = Framing.of(pixels, crop_borders=crop_borders, fit=fit)
    kept = pixels[framing.kept_rows, framing.kept_columns]
    grey = Image.fromarray(np.rint(kept * 255).astype(np.uint8))
    if fit is Fit.SQUARE:
        return np.array(grey.resize((size, size), Image.Resampling.BICUBIC))
    scale = size / max(grey.size)
    width, height = (max(1, round(side * scale)) for side in grey.size)
    fitted = grey.resize((width, height), Image.Resampling.BICUBIC)
    square = np.zeros((size, size), dtype=np.uint8)
    top, left = (size - height) // 2, (size - width) // 2
    square[top : top + height, left : left + width] = np.asarray(fitted)
    return square

"""The grey of a published picture: a PNG or JPEG file that somebody made of a radiograph."""

import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from components.errors import RefusedInputError
from components.imaging._grey import between_tails
from components.imaging._pixels import FloatImage
from components.imaging._reasons import PixelReason
from components.imaging._shape import LEAST_SIDE, MOST_PIXELS

_FORMATS = ("PNG", "JPEG")
_DEEP = frozenset({"I", "I;16", "I;16B", "I;16L"})  # PIL's modes of a 16-bit file
_DEEPEST = 2**16 - 1


def read_picture(path: Path, *, inverted: bool = False) -> FloatImage:
    """Float32 [rows, columns], 0..1, air dark: scaled as `read_pixels` scales a radiograph without a window.

    Args:
        path: an 8-bit or 16-bit PNG, or a JPEG; colours become grey.
        inverted: bone is dark in it (MONOCHROME1).

    Raises:
        RefusedInputError: with a PixelReason: no such picture, cut short, undecodable, too large or too small.
        OSError: the file cannot be opened.
    """
    values = _values(path)
    span = 256 if values.dtype == np.uint8 else _DEEPEST + 1
    counts = np.bincount(values.ravel(), minlength=span)
    shown = between_tails(np.arange(span, dtype=np.float64), counts)
    return np.take((1 - shown if inverted else shown).astype(np.float32), values)


def _values(path: Path) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    with path.open("rb") as file, warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(file, formats=_FORMATS) as picture:
                _refuse_impossible(picture.size)
                if picture.mode in _DEEP:
                    return np.asarray(np.clip(np.asarray(picture), 0, _DEEPEST), dtype=np.uint16)
                return np.asarray(picture.convert("L"), dtype=np.uint8)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_large() from None
        except UnidentifiedImageError:
            raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, "The file is no PNG or JPEG picture.") from None
        except (OSError, SyntaxError, ValueError) as error:  # PIL's words for a damaged file
            short = "truncated" in str(error)
            raise RefusedInputError(
                PixelReason.TRUNCATED if short else PixelReason.UNREADABLE_PIXELS,
                f"The picture is damaged ({type(error).__name__}).",
            ) from None


def _refuse_impossible(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise _too_large()
    if min(size) < LEAST_SIDE:
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, f"A side is shorter than {LEAST_SIDE} pixels.")


def _too_large() -> RefusedInputError:
    return RefusedInputError(
        PixelReason.TOO_LARGE, f"The picture has more than {MOST_PIXELS // 1_000_000} million pixels."
    )

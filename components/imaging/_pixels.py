"""From stored values to one scale of grey: modality LUT, VOI LUT, photometric interpretation."""

from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from components.deidentify import quiet_dicom
from components.errors import RefusedInputError
from components.imaging._reasons import PixelReason
from components.imaging._shape import PixelShape, pixel_shape

FloatImage = npt.NDArray[np.float32]

_TAILS = 0.005  # share of pixels left out at either end of the scale
_MOST_CLIPPED = 0.6
_LEAST_CONTRAST = 0.15


def read_pixels(ds: Dataset) -> FloatImage:
    """The radiograph as float32 [rows, columns], 0..1, air dark and bone bright (MONOCHROME2 sense).

    Modality LUT or rescale, then VOI LUT or window where it shows the picture (else none), then 0..1 between the
    0.5th and 99.5th percentile of the pixels; pixel padding is 0. Decompressed by whichever codec pydicom finds.

    Raises:
        RefusedInputError: with a PixelReason: no pixels, colour, several frames, more than 40 million pixels by the
            header or the codestream, too few bytes, undecodable.
    """
    with quiet_dicom():
        shape = pixel_shape(ds)
        index = _decoded(ds, shape)
        counts = np.bincount(index.ravel(), minlength=1 << shape.bits_stored)
        padding = _padding(ds, shape)
        counts[padding] = 0
        grey = _grey(ds, shape, counts)
    grey[padding] = 0
    return grey[index]


def _decoded(ds: Dataset, shape: PixelShape) -> npt.NDArray[np.uint16]:
    """Stored values counted from the smallest possible one: uint16 [rows, columns], 0..2^BitsStored - 1."""
    try:
        stored = np.asarray(ds.pixel_array)
    except Exception:
        raise RefusedInputError(
            PixelReason.UNREADABLE_PIXELS, f"The pixels cannot be decoded ({shape.transfer_syntax.name})."
        ) from None
    if stored.shape != (shape.rows, shape.columns):
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, "The decoded picture has another shape than announced.")
    offset = 1 << (shape.bits_stored - 1) if shape.signed else 0
    # What lies above the stored bits is sign extension or an old overlay: masking drops both.
    return ((stored.astype(np.int32) + offset) & ((1 << shape.bits_stored) - 1)).astype(np.uint16)


def _values(shape: PixelShape) -> npt.NDArray[Any]:
    """Every stored value there can be, in the order of `_decoded`'s index."""
    span = 1 << shape.bits_stored
    start = -(span >> 1) if shape.signed else 0
    return np.arange(start, start + span, dtype=np.int32)


def _grey(ds: Dataset, shape: PixelShape, counts: npt.NDArray[np.int64]) -> FloatImage:
    """The grey of every stored value: float32 [2^BitsStored], 0..1."""
    rescaled = _modality(ds, _values(shape))
    windowed = _window(ds, rescaled)
    scale = windowed if windowed is not None and _shows(windowed, counts) else rescaled
    low, high = _percentiles(scale, counts, _TAILS, 1 - _TAILS)
    spread = high - low
    grey = np.clip((scale - low) / spread, 0, 1) if spread > 0 else np.zeros(len(scale))
    return (1 - grey if shape.inverted else grey).astype(np.float32)


def _modality(ds: Dataset, values: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    try:
        rescaled = np.asarray(apply_modality_lut(values, ds), dtype=np.float64)
    except Exception:
        return values.astype(np.float64)
    # A slope of 0 or a table of one value would paint the picture over.
    return rescaled if np.ptp(rescaled) > 0 and np.isfinite(rescaled).all() else values.astype(np.float64)


def _window(ds: Dataset, rescaled: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """The rescaled values through the first VOI LUT or window; None where there is none that works."""
    if "VOILUTSequence" not in ds and "WindowCenter" not in ds:
        return None
    whole = np.array_equal(rescaled, np.rint(rescaled))
    try:
        windowed = np.asarray(apply_voi_lut(rescaled.astype(np.int64) if whole else rescaled, ds), dtype=np.float64)
    except Exception:
        return None
    return windowed if np.isfinite(windowed).all() else None


def _shows(windowed: npt.NDArray[np.float64], counts: npt.NDArray[np.int64]) -> bool:
    """Whether the window leaves contrast between most pixels: wrong windows in headers are common."""
    total = counts.sum()
    darkest, brightest = windowed.min(), windowed.max()
    if not total or brightest <= darkest:
        return False
    clipped = max(counts[windowed <= darkest].sum(), counts[windowed >= brightest].sum()) / total
    low, high = _percentiles(windowed, counts, 0.05, 0.95)
    return bool(clipped <= _MOST_CLIPPED and (high - low) / (brightest - darkest) >= _LEAST_CONTRAST)


def _percentiles(scale: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], *shares: float) -> tuple[float, ...]:
    """The values of `scale` below which these shares of the pixels lie; zeros where there is no pixel."""
    order = np.argsort(scale, kind="stable")
    below = np.cumsum(counts[order])
    if not below[-1]:
        return tuple(0.0 for _ in shares)
    places = np.searchsorted(below, [share * below[-1] for share in shares])
    return tuple(float(scale[order[min(place, len(order) - 1)]]) for place in places)


def _padding(ds: Dataset, shape: PixelShape) -> slice:
    """The stored values that only fill the frame (Pixel Padding Value, Range Limit), as a range of the index."""
    try:
        first = int(ds["PixelPaddingValue"].value)
        last = int(ds["PixelPaddingRangeLimit"].value) if "PixelPaddingRangeLimit" in ds else first
    except Exception:
        return slice(0, 0)
    start = int(_values(shape)[0])
    low, high = min(first, last) - start, max(first, last) - start
    return slice(max(low, 0), max(high + 1, 0))

"""From stored values to one scale of grey: modality LUT, VOI LUT, photometric interpretation."""

from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.pixels.processing import apply_modality_lut, apply_voi_lut

from components.imaging._shape import PixelShape

Scale = npt.NDArray[np.float64]
"""float64 [2^BitsStored]: what each stored value becomes"""
Counts = npt.NDArray[np.int64]
"""int64 [2^BitsStored]: how many pixels have each stored value"""

_TAILS = 0.005  # share of pixels left out at either end of the scale
_MOST_CLIPPED = 0.6
_LEAST_CONTRAST = 0.15
_LOW, _HIGH = 32, 223  # grey levels of the search picture between the tails; 0 and 255 are what lies far beyond
_FAR = 0.04  # of the range between the tails


class PixelWarning(StrEnum):
    """What of a header's grey scale was passed over; the picture is shown without it."""

    MODALITY_PASSED_OVER = "modality_lut_passed_over"
    WINDOW_PASSED_OVER = "window_passed_over"


def modality_scale(ds: Dataset, shape: PixelShape) -> tuple[Scale, bool]:
    """Every stored value through the Modality LUT, or else slope and intercept; whether these had to be passed over."""
    values = stored_values(shape)
    try:
        rescaled = np.asarray(apply_modality_lut(values, ds), dtype=np.float64)
    except Exception:
        return values.astype(np.float64), True
    # A slope of 0 or a table of one value would paint the picture over.
    works = np.ptp(rescaled) > 0 and bool(np.isfinite(rescaled).all())
    return (rescaled, False) if works else (values.astype(np.float64), True)


def window_scale(ds: Dataset, rescaled: Scale, counts: Counts) -> tuple[Scale, bool]:
    """The rescaled values through the first VOI LUT or window; whether there is one that had to be passed over."""
    if not ds.get("VOILUTSequence") and ds.get("WindowCenter") is None:
        return rescaled, False
    whole = np.array_equal(rescaled, np.rint(rescaled))
    try:
        windowed = np.asarray(apply_voi_lut(rescaled.astype(np.int64) if whole else rescaled, ds), dtype=np.float64)
    except Exception:
        return rescaled, True
    works = bool(np.isfinite(windowed).all()) and _shows(windowed, counts)
    return (windowed, False) if works else (rescaled, True)


def between_tails(scale: Scale, counts: Counts) -> Scale:
    """The scale from 0 at the 0.5th to 1 at the 99.5th percentile of the pixels, clipped; 0 where all are one value."""
    low, high = _percentiles(scale, counts, _TAILS, 1 - _TAILS)
    return np.clip((scale - low) / (high - low), 0, 1) if high > low else np.zeros(len(scale))


def beyond_tails(scale: Scale, counts: Counts) -> npt.NDArray[np.uint8]:
    """Grey levels in which text stands out wherever it lies on the scale: uint8 [2^BitsStored].

    No window and no clipping may hide it; what is far darker or brighter than the picture is made black or white.
    """
    low, high = _percentiles(scale, counts, _TAILS, 1 - _TAILS)
    if high <= low:
        low, high = _percentiles(scale, counts, 0, 1)
    if high <= low:
        return np.full(len(scale), _LOW, dtype=np.uint8)
    share = (scale - low) / (high - low)
    grey = _LOW + np.clip(share, 0, 1) * (_HIGH - _LOW)
    return np.rint(np.where(share < -_FAR, 0, np.where(share > 1 + _FAR, 255, grey))).astype(np.uint8)


def stored_values(shape: PixelShape) -> npt.NDArray[np.int32]:
    """Every stored value there can be, the smallest first."""
    span = 1 << shape.bits_stored
    start = -(span >> 1) if shape.signed else 0
    return np.arange(start, start + span, dtype=np.int32)


def _shows(windowed: Scale, counts: Counts) -> bool:
    """Whether the window leaves contrast between most pixels: wrong windows in headers are common."""
    total = counts.sum()
    darkest, brightest = windowed.min(), windowed.max()
    if not total or brightest <= darkest:
        return False
    clipped = max(counts[windowed <= darkest].sum(), counts[windowed >= brightest].sum()) / total
    low, high = _percentiles(windowed, counts, 0.05, 0.95)
    return bool(clipped <= _MOST_CLIPPED and (high - low) / (brightest - darkest) >= _LEAST_CONTRAST)


def _percentiles(scale: npt.NDArray[Any], counts: Counts, *shares: float) -> tuple[float, ...]:
    """The values of `scale` below which these shares of the pixels lie; zeros where there is no pixel."""
    present = np.flatnonzero(counts)
    if not len(present):
        return tuple(0.0 for _ in shares)
    order = present[np.argsort(scale[present], kind="stable")]
    below = np.cumsum(counts[order])
    places = np.searchsorted(below, [share * below[-1] for share in shares])
    return tuple(float(scale[order[min(place, len(order) - 1)]]) for place in places)

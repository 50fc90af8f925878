"""The pixels of one radiograph: decoded, shown in grey, blacked out, written back."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian

from components.deidentify import Box, quiet_dicom
from components.errors import RefusedInputError
from components.imaging._grey import (
    Counts,
    PixelWarning,
    Scale,
    between_tails,
    beyond_tails,
    modality_scale,
    stored_values,
    window_scale,
)
from components.imaging._reasons import PixelReason
from components.imaging._shape import PixelShape, pixel_shape

FloatImage = npt.NDArray[np.float32]
_Index = npt.NDArray[np.uint16]
"""Stored values counted from the smallest possible one: uint16 [rows, columns], 0..2^BitsStored - 1"""
_PIXEL_DATA = 0x7FE00010
_UNTRUE_AFTERWARDS = ("SmallestImagePixelValue", "LargestImagePixelValue")


@dataclass(frozen=True)
class Radiograph:
    """The stored values of a radiograph, and the grey in which each is shown.

    warnings: what of the header's grey scale was passed over because it shows nothing.
    """

    index: _Index = field(repr=False)
    shape: PixelShape
    warnings: tuple[PixelWarning, ...]
    _tone: Scale = field(repr=False)  # brighter is more, without window
    _grey: FloatImage = field(repr=False)
    _counts: Counts = field(repr=False)  # padding left out

    @property
    def grey(self) -> FloatImage:
        """float32 [rows, columns], 0..1, air dark and bone bright (MONOCHROME2 sense); pixel padding is 0."""
        return np.take(self._grey, self.index)

    @property
    def search_picture(self) -> npt.NDArray[np.uint8]:
        """uint8 [rows, columns] in which text stands out that a window would hide."""
        return np.take(beyond_tails(self._tone, self._counts), self.index)

    @cached_property
    def darkest(self) -> int:
        """The darkest stored value in the picture, as an index."""
        present = np.flatnonzero(self._counts)
        return int(present[np.argmin(self._tone[present])]) if len(present) else 0

    def blacked_out(self, boxes: Iterable[Box]) -> "Radiograph":
        """The radiograph with its darkest value in these rectangles."""
        index = self.index.copy()
        for box in boxes:
            index[box.slices] = self.darkest
        return Radiograph(index, self.shape, self.warnings, self._tone, self._grey, self._counts)

    def write_into(self, ds: Dataset) -> None:
        """Puts these stored values, uncompressed, in place of the data set's Pixel Data.

        What was compressed becomes explicit little endian (compressed files are that already), what was not keeps
        its transfer syntax. The file says that it is derived; that loss happened once stays written.
        """
        shape = self.shape
        if shape.transfer_syntax.is_compressed:
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        byte_order = ">" if shape.transfer_syntax == ExplicitVRBigEndian else "<"
        dtype = np.dtype(f"{byte_order}{'i' if shape.signed else 'u'}{shape.bits_allocated // 8}")
        pixels = np.take(stored_values(shape), self.index).astype(dtype).tobytes()
        ds[_PIXEL_DATA] = DataElement(_PIXEL_DATA, "OW", pixels + b"\0" * (len(pixels) % 2))
        ds.HighBit = shape.bits_stored - 1
        for keyword in _UNTRUE_AFTERWARDS:
            if keyword in ds:
                del ds[keyword]
        ds.ImageType = ["DERIVED", *list(ds.get("ImageType") or ["", "PRIMARY"])[1:]]


def read_radiograph(ds: Dataset) -> Radiograph:
    """The radiograph in a data set, decompressed by whichever codec pydicom finds.

    Its grey: Modality LUT or rescale, then VOI LUT or window where it shows the picture (else none, and a warning),
    then 0..1 between the 0.5th and 99.5th percentile of the pixels.

    Raises:
        RefusedInputError: with a PixelReason: no pixels, colour, several frames, more than 40 million pixels by the
            header or the codestream, too few bytes, undecodable.
    """
    with quiet_dicom():
        shape = pixel_shape(ds)
        index = _decoded(ds, shape)
        counts = _counted(index, shape)
        padding = _padding(ds, shape)
        counts[padding] = 0
        rescaled, no_modality = modality_scale(ds, shape)
        scale, no_window = window_scale(ds, rescaled, counts)
    shown = between_tails(scale, counts)
    grey = (1 - shown if shape.inverted else shown).astype(np.float32)
    grey[padding] = 0
    passed_over = {PixelWarning.MODALITY_PASSED_OVER: no_modality, PixelWarning.WINDOW_PASSED_OVER: no_window}
    warnings = tuple(warning for warning, was in passed_over.items() if was)
    return Radiograph(index, shape, warnings, -rescaled if shape.inverted else rescaled, grey, counts)


def read_pixels(ds: Dataset) -> FloatImage:
    """The radiograph's grey: float32 [rows, columns], 0..1, air dark and bone bright; raises as `read_radiograph`."""
    return read_radiograph(ds).grey


def _decoded(ds: Dataset, shape: PixelShape) -> _Index:
    try:
        stored = np.asarray(ds.pixel_array)
    except Exception:
        raise RefusedInputError(
            PixelReason.UNREADABLE_PIXELS, f"The pixels cannot be decoded ({shape.transfer_syntax.name})."
        ) from None
    if stored.shape != (shape.rows, shape.columns):
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, "The decoded picture has another shape than announced.")
    mask = np.uint16((1 << shape.bits_stored) - 1)
    offset = np.uint16(1 << (shape.bits_stored - 1) if shape.signed else 0)
    # What lies above the stored bits is sign extension or an old overlay: masking drops both.
    return (stored.astype(np.uint16, casting="unsafe") + offset) & mask


def _counted(index: _Index, shape: PixelShape) -> Counts:
    """OpenCV's histogram: four times as fast as numpy's."""
    span = 1 << shape.bits_stored
    return cv2.calcHist([index], [0], None, [span], [0, span]).astype(np.int64).ravel()


def _padding(ds: Dataset, shape: PixelShape) -> slice:
    """The stored values that only fill the frame (Pixel Padding Value, Range Limit), as a range of the index."""
    try:
        first = int(ds["PixelPaddingValue"].value)
        last = int(ds["PixelPaddingRangeLimit"].value) if "PixelPaddingRangeLimit" in ds else first
    except Exception:
        return slice(0, 0)
    start = int(stored_values(shape)[0])
    low, high = min(first, last) - start, max(first, last) - start
    return slice(max(low, 0), max(high + 1, 0))

"""From a picture to the stored, encoded values of a DICOM file."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEGLosslessSV1

from components.errors import StorageError
from components.simulator._canvas import Plane

Stored = NDArray[np.uint16]
"""uint16 [rows, columns], values below 2 ** BitsStored"""


@dataclass(frozen=True, kw_only=True)
class Quantised:
    """Stored values, and the range low..high of them that shows the picture as it was."""

    values: Stored
    bits: int
    inverted: bool
    low: int
    high: int

    @property
    def window(self) -> tuple[float, float]:
        """WindowCenter and WindowWidth that spread low..high over the screen (LINEAR, PS3.3 C.11.2.1.2.1)."""
        return (self.low + self.high + 1) / 2, float(self.high - self.low + 1)


def quantised(picture: Plane, *, bits: int, inverted: bool, rng: np.random.Generator) -> Quantised:
    """`picture` (float32 [rows, columns] 0..1, air dark) on part of the scale of `bits`; inverted = MONOCHROME1."""
    top = 2**bits - 1
    low, high = int(top * rng.uniform(0.0, 0.08)), int(top * rng.uniform(0.75, 1.0))
    shown = 1 - picture if inverted else picture
    values = np.round(low + shown * (high - low)).astype(np.uint16)
    return Quantised(values=values, bits=bits, inverted=inverted, low=low, high=high)


def encoded(pixels: Quantised, syntax: UID) -> bytes:
    """One frame of `syntax` (PS3.5 annex A): raw little endian, or the compressed frame."""
    if syntax == ExplicitVRLittleEndian:
        return pixels.values.astype("<u2").tobytes()
    if syntax == JPEGLosslessSV1:
        return _jpeg_lossless(pixels)
    from pydicom.pixels.encoders.base import get_encoder

    rows, columns = pixels.values.shape
    frame = get_encoder(syntax).encode(
        pixels.values,
        rows=rows,
        columns=columns,
        samples_per_pixel=1,
        number_of_frames=1,
        bits_allocated=16,
        bits_stored=pixels.bits,
        pixel_representation=0,
        photometric_interpretation="MONOCHROME1" if pixels.inverted else "MONOCHROME2",
        encoding_plugin="pylibjpeg",
    )
    return bytes(frame)


def _jpeg_lossless(pixels: Quantised) -> bytes:
    """A frame of JPEG lossless, process 14, selection value 1: GDCM is the one kept encoder of it."""
    import gdcm

    rows, columns = pixels.values.shape
    owner = gdcm.ImageWriter()  # keeps the image's reference count; a bare gdcm.Image aborts the process when freed
    image = owner.GetImage()
    image.SetNumberOfDimensions(2)
    image.SetDimension(0, columns)
    image.SetDimension(1, rows)
    image.SetPixelFormat(gdcm.PixelFormat(1, 16, pixels.bits, pixels.bits - 1, 0))
    image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(gdcm.PhotometricInterpretation.MONOCHROME2))
    image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.ExplicitVRLittleEndian))
    element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
    element.SetByteStringValue(pixels.values.astype("<u2").tobytes())
    image.SetDataElement(element)
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(image)
    if not change.Change():
        raise StorageError("GDCM could not encode a drawn frame as JPEG lossless: reinstall python-gdcm.")
    frame = change.GetOutput().GetDataElement().GetSequenceOfFragments().GetFragment(0)
    text: str = frame.GetByteValue().GetBuffer()  # SWIG hands bytes over as text
    return text.encode("utf-8", "surrogateescape")

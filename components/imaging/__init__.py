"""DICOM pixels, or a published picture, become what models see, the same way for training and for serving."""

from components.imaging._framing import Framing
from components.imaging._grey import PixelWarning
from components.imaging._input import PREPROCESSING_VERSION, to_input
from components.imaging._picture import read_picture
from components.imaging._pixels import Radiograph, read_pixels, read_radiograph
from components.imaging._png import from_png, to_png
from components.imaging._reasons import PixelReason
from components.imaging._shape import pixel_shape

__all__ = [
    "PREPROCESSING_VERSION",
    "Framing",
    "PixelReason",
    "PixelWarning",
    "Radiograph",
    "from_png",
    "pixel_shape",
    "read_picture",
    "read_pixels",
    "read_radiograph",
    "to_input",
    "to_png",
]

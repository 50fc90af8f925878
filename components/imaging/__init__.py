"""DICOM pixels become what models see, the same way for training and for serving."""

from components.imaging._input import PREPROCESSING_VERSION, to_input
from components.imaging._pixels import read_pixels
from components.imaging._reasons import PixelReason

__all__ = ["PREPROCESSING_VERSION", "PixelReason", "read_pixels", "to_input"]

"""From the bytes of a DICOM file to the picture that the model sees, by the very steps of ingest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.catalog import View
from components.deidentify import quiet_dicom
from components.errors import RefusedInputError
from components.imaging import read_pixels, to_input
from components.intake import Reason, read_dicom, refuse_other_images, view_of
from components.serving._refusal import RequestReason

_MARK = slice(128, 132)
_UNKNOWN_VIEW = "The file does not say its view; the model was evaluated on frontal (PA and AP) radiographs only."


@dataclass(frozen=True)
class Radiograph:
    """One frontal chest radiograph: uint8 [size, size], air dark, 0..255, and what the reader should know."""

    picture: NDArray[np.uint8]
    view: View
    warnings: tuple[str, ...]


def read_radiograph(file: bytes, *, size: int, crop_borders: bool) -> Radiograph:
    """The radiograph in a DICOM file.

    Raises:
        RefusedInputError: no DICOM, cut short, no chest radiograph, a lateral view, no pixels that can be read.
    """
    if file[_MARK] != b"DICM":
        raise RefusedInputError(Reason.NOT_DICOM, "The file is no DICOM file (PS3.10).")
    try:
        with _as_path(file) as path, quiet_dicom():
            return _read(path, size, crop_borders)
    except RefusedInputError:
        raise
    except Exception as error:  # whatever a hostile header breaks; its text may hold what the header holds
        raise RefusedInputError(Reason.BAD_HEADER, f"The file cannot be worked on ({type(error).__name__}).") from None


def _read(path: Path, size: int, crop_borders: bool) -> Radiograph:
    ds = read_dicom(path)
    refuse_other_images(ds)
    view = view_of(ds)
    if view is View.LATERAL:
        raise RefusedInputError(RequestReason.LATERAL, "The model reads frontal radiographs; this one is lateral.")
    picture = to_input(read_pixels(ds), size=size, crop_borders=crop_borders)
    return Radiograph(picture, view, () if view.is_frontal else (_UNKNOWN_VIEW,))


@contextmanager
def _as_path(file: bytes) -> Iterator[Path]:
    """A path to the bytes that lie in memory only: what names a patient never touches the disk."""
    descriptor = os.memfd_create("upload")
    try:
        with os.fdopen(os.dup(descriptor), "wb") as memory:
            memory.write(file)
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)

"""From the bytes of a DICOM file to the picture that the model sees, by the very steps of ingest."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from components.catalog import View
from components.deidentify import attribute_text, quiet_dicom
from components.errors import RefusedInputError
from components.imaging import read_pixels, to_input
from components.intake import Reason, read_dicom, refuse_other_images, view_of
from components.promotion import Preprocessing

_MARK = slice(128, 132)
_UNKNOWN_VIEW = "The file does not say its view; the model was evaluated on frontal (PA and AP) radiographs only."


@dataclass(frozen=True)
class Radiograph:
    """One chest radiograph: uint8 [size, size], air dark, 0..255, and what the reader should know.

    `study` is its Study Instance UID, to tell whether files belong together; it goes nowhere else.
    """

    picture: NDArray[np.uint8]
    view: View
    study: str = field(repr=False)
    warnings: tuple[str, ...]


def read_radiograph(file: bytes, steps: Preprocessing) -> Radiograph:
    """The radiograph in a DICOM file, prepared by these steps.

    Raises:
        RefusedInputError: no DICOM, cut short, no chest radiograph, no pixels that can be read.
    """
    if file[_MARK] != b"DICM":
        raise RefusedInputError(Reason.NOT_DICOM, "The file is no DICOM file (PS3.10).")
    try:
        with _as_path(file) as path, quiet_dicom():
            return _read(path, steps)
    except RefusedInputError:
        raise
    except Exception as error:  # whatever a hostile header breaks; its text may hold what the header holds
        raise RefusedInputError(Reason.BAD_HEADER, f"The file cannot be worked on ({type(error).__name__}).") from None


def _read(path: Path, steps: Preprocessing) -> Radiograph:
    ds = read_dicom(path)
    refuse_other_images(ds)
    view = view_of(ds)
    picture = to_input(read_pixels(ds), size=steps.size, crop_borders=steps.crop_borders, fit=steps.fit)
    warnings = (_UNKNOWN_VIEW,) if view is View.UNKNOWN else ()
    return Radiograph(picture=picture, view=view, study=attribute_text(ds, "StudyInstanceUID"), warnings=warnings)


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

"""The pictures that readers see: 8-bit PNG files of the de-identified DICOM files, named by pseudonym."""

import os
from pathlib import Path

import numpy as np
from upath import UPath

from components.errors import StorageError
from components.imaging import read_pixels

_LONGEST_SIDE = 1600  # more than a reading window shows, a tenth of the bytes of a full-size radiograph
_WHITE = 255


def write_picture(dicom: UPath, target: Path) -> Path:
    """`target`, an 8-bit grey PNG of the radiograph in its own proportions; left alone when it is there already.

    Raises:
        StorageError: the DICOM file cannot be read or the picture not written.
    """
    if target.exists():
        return target
    import pydicom
    from PIL import Image

    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        with dicom.open("rb") as file:
            pixels = read_pixels(pydicom.dcmread(file))
        picture = Image.fromarray(np.rint(pixels * _WHITE).astype(np.uint8))
        picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        picture.save(aside, format="PNG")
        os.replace(aside, target)
    except OSError as error:
        raise StorageError(f"The picture of image {target.stem} cannot be made: {error.strerror}.") from None
    finally:
        aside.unlink(missing_ok=True)
    return target

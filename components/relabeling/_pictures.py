"""The pictures that readers see: 8-bit PNG files, named by pseudonym; and where the model looked."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from upath import UPath

from components.errors import StorageError
from components.findings import Finding
from components.imaging import read_pixels

if TYPE_CHECKING:
    from PIL.Image import Image

    from components.models import StudyNet

_LONGEST_SIDE = 1600  # more than a reading window shows, a tenth of the bytes of a full-size radiograph
_SHORTEST_HEAT = 448
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

    try:
        with dicom.open("rb") as file:
            pixels = read_pixels(pydicom.dcmread(file))
    except OSError as error:
        raise StorageError(f"The picture of image {target.stem} cannot be made: {error.strerror}.") from None
    picture = Image.fromarray(np.rint(pixels * _WHITE).astype(np.uint8))
    picture.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE), Image.Resampling.LANCZOS)
    return _written(picture, target)


def write_heat(model: "StudyNet", model_input: UPath, target: Path, finding: Finding) -> Path:
    """`target`, a PNG of what the model sees with the places laid over it that speak for the finding (Grad-CAM).

    Raises:
        StorageError: the model's input cannot be read or the picture not written.
    """
    if target.exists():
        return target
    from PIL import Image

    from components.evaluation import grad_cam, overlay

    try:
        with model_input.open("rb") as file, Image.open(file) as stored:
            seen = np.array(stored.convert("L"))
    except OSError as error:
        raise StorageError(f"The picture of image {target.stem} cannot be made: {error.strerror}.") from None
    picture = Image.fromarray(overlay(seen, grad_cam(model, seen, finding)))
    if max(picture.size) < _SHORTEST_HEAT:  # the page enlarges nothing
        picture = picture.resize((_SHORTEST_HEAT, _SHORTEST_HEAT), Image.Resampling.BICUBIC)
    return _written(picture, target)


def _written(picture: "Image", target: Path) -> Path:
    aside = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        picture.save(aside, format="PNG")
        os.replace(aside, target)
    except OSError as error:
        raise StorageError(f"The picture of image {target.stem} cannot be made: {error.strerror}.") from None
    finally:
        aside.unlink(missing_ok=True)
    return target

"""The stored pictures as arrays of one size."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from upath import UPath

from components.errors import StorageError


def decode(store: UPath, image: str, key: str, *, size: int) -> NDArray[np.uint8]:
    """Uint8 [size, size] from the 8-bit grey PNG at `key`.

    Raises:
        StorageError: the file is missing, damaged or no 8-bit grey picture.
    """
    try:
        with Image.open(BytesIO((store / key).read_bytes()), formats=["PNG"]) as picture:
            if picture.mode != "L":
                raise StorageError(f"The stored picture of image {image} is not 8-bit grey: ingest the study again.")
            if picture.size == (size, size):
                return np.array(picture, dtype=np.uint8)
            # BOX averages the pixels that fall together: the area method, free of aliasing.
            smooth = Image.Resampling.BOX if min(picture.size) >= size else Image.Resampling.BILINEAR
            return np.array(picture.resize((size, size), smooth), dtype=np.uint8)
    except (OSError, UnidentifiedImageError, SyntaxError, ValueError) as error:  # PIL's words for a damaged PNG
        reason = type(error).__name__
        raise StorageError(f"The stored picture of image {image} cannot be read ({reason}): ingest it again.") from None

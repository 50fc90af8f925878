"""The stored pictures as arrays of one size."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from upath import UPath

from components.errors import StorageError
from components.imaging import from_png


def decode(store: UPath, image: str, key: str, *, size: int) -> NDArray[np.uint8]:
    """Uint8 [size, size] from the 8-bit grey PNG at `key`.

    Raises:
        StorageError: the file is missing, damaged or no 8-bit grey picture.
    """
    try:
        picture = from_png((store / key).read_bytes())
    except (OSError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else type(error).__name__  # an OSError tells the path
        raise StorageError(f"The stored picture of image {image} cannot be read ({reason}): ingest it again.") from None
    if picture.shape == (size, size):
        return picture
    # BOX averages the pixels that fall together: the area method, free of aliasing.
    smooth = Image.Resampling.BOX if min(picture.shape) >= size else Image.Resampling.BILINEAR
    return np.array(Image.fromarray(picture).resize((size, size), smooth), dtype=np.uint8)

"""Where a radiograph lies in the square picture that models see."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from components.imaging._pixels import FloatImage
from components.settings import Fit

_DARK = 0.04
_LIT_SHARE = 0.02  # a line of the picture with fewer lit pixels is border
_MOST_CROPPED = 0.45


@dataclass(frozen=True, kw_only=True)
class Framing:
    """The lines and columns of a radiograph that are kept, and how they fill the square.

    rows, columns: of the radiograph, in pixels. kept_rows, kept_columns: ranges of them. fit: PAD centres the square on
    them, its side the longer one; SQUARE stretches them to it.
    """

    rows: int
    columns: int
    kept_rows: slice
    kept_columns: slice
    fit: Fit = Fit.PAD

    @classmethod
    def of(cls, pixels: FloatImage, *, crop_borders: bool, fit: Fit = Fit.PAD) -> Self:
        """The framing of a radiograph, float32 [rows, columns], 0..1; all of it, or without its black borders."""
        rows, columns = pixels.shape
        kept = (slice(0, rows), slice(0, columns))
        if crop_borders:
            lit = pixels > _DARK
            kept = (_lit_range(lit.mean(axis=1)), _lit_range(lit.mean(axis=0)))
        return cls(rows=rows, columns=columns, kept_rows=kept[0], kept_columns=kept[1], fit=fit)

    def place(self, x: float, y: float) -> tuple[float, float]:
        """Across and down the square, in shares of its side, for shares of the radiograph; outside 0..1 if cut off."""
        height = self.kept_rows.stop - self.kept_rows.start
        width = self.kept_columns.stop - self.kept_columns.start
        across, down = x * self.columns - self.kept_columns.start, y * self.rows - self.kept_rows.start
        if self.fit is Fit.SQUARE:
            return across / width, down / height
        side = max(height, width)
        return (across + (side - width) / 2) / side, (down + (side - height) / 2) / side


def _lit_range(shares: npt.NDArray[np.floating]) -> slice:
    """From the first to the last line that belongs to the picture; all of them where little would be left."""
    lines = np.flatnonzero(shares > _LIT_SHARE)
    most = int(len(shares) * _MOST_CROPPED)
    if not len(lines) or lines[0] > most or len(shares) - 1 - lines[-1] > most:
        return slice(0, len(shares))
    return slice(int(lines[0]), int(lines[-1]) + 1)

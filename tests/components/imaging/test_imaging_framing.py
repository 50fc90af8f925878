"""A place on the radiograph is found again in the model's square picture, for any shape and any borders."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.imaging import Framing, to_input
from components.settings import Fit

_SIZE = 200


@given(
    rows=st.integers(60, 160),
    columns=st.integers(60, 160),
    borders=st.tuples(*[st.integers(0, 12)] * 4),
    crop=st.booleans(),
    fit=st.sampled_from(Fit),
    at=st.tuples(st.floats(0.3, 0.7), st.floats(0.3, 0.7)),
)
def test_a_bright_place_is_where_the_framing_says(  # noqa: PLR0913, PLR0917  what a picture may differ in
    rows: int, columns: int, borders: tuple[int, ...], crop: bool, fit: Fit, at: tuple[float, float]
) -> None:
    pixels = np.zeros((rows, columns), dtype=np.float32)
    top, bottom, left, right = borders
    pixels[top : rows - bottom, left : columns - right] = 0.3
    row, column = int(at[0] * rows), int(at[1] * columns)
    pixels[row - 2 : row + 3, column - 2 : column + 3] = 1.0
    framing = Framing.of(pixels, crop_borders=crop, fit=fit)
    across, down = framing.place((column + 0.5) / columns, (row + 0.5) / rows)
    seen = to_input(pixels, size=_SIZE, crop_borders=crop, fit=fit)
    found = np.argwhere(seen > 200).mean(axis=0) + 0.5
    np.testing.assert_allclose((down * _SIZE, across * _SIZE), found, atol=2.5)
    if not crop:
        assert (framing.kept_rows, framing.kept_columns) == (slice(0, rows), slice(0, columns))

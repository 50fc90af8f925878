"""Holds the stored file of a picture: every grey level comes back, whatever the picture."""

from io import BytesIO

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image

from components.imaging import to_png


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255)))
def test_nothing_is_lost(picture: NDArray[np.uint8]) -> None:
    with Image.open(BytesIO(to_png(picture)), formats=["PNG"]) as stored:
        assert stored.mode == "L"
        np.testing.assert_array_equal(np.asarray(stored), picture)


def test_black_beside_the_chest_takes_hardly_any_room() -> None:
    chest = np.random.default_rng(0).normal(128, 2, (256, 256)).astype(np.uint8)
    padded = np.pad(chest, ((0, 0), (128, 128)))
    assert len(to_png(chest)) < 0.6 * chest.size
    assert len(to_png(padded)) < 1.1 * len(to_png(chest))

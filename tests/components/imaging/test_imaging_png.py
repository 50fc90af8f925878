"""Holds the stored file of a picture: every grey level comes back whatever the picture, or an error."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray
from PIL import Image

from components.imaging import from_png, to_png

_CHEST = np.random.default_rng(0).normal(128, 2, (64, 48)).astype(np.uint8)
_STORED = to_png(_CHEST)


@settings(deadline=None)
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=40), elements=st.integers(0, 255)))
def test_nothing_is_lost(picture: NDArray[np.uint8]) -> None:
    stored = to_png(picture)
    np.testing.assert_array_equal(from_png(stored), picture)
    with Image.open(BytesIO(stored), formats=["PNG"]) as elsewhere:
        assert elsewhere.mode == "L"
        np.testing.assert_array_equal(np.asarray(elsewhere), picture)


def test_black_beside_the_chest_takes_hardly_any_room() -> None:
    chest = np.random.default_rng(0).normal(128, 2, (256, 256)).astype(np.uint8)
    padded = np.pad(chest, ((0, 0), (120, 120)))
    assert len(to_png(chest)) < 0.5 * chest.size
    assert len(to_png(padded)) < 1.1 * len(to_png(chest))


@settings(deadline=None)
@given(st.integers(0, len(_STORED) - 1), st.integers(0, 7))
def test_a_turned_bit_is_noticed_or_does_no_harm(place: int, bit: int) -> None:
    damaged = bytearray(_STORED)
    damaged[place] ^= 1 << bit
    try:
        picture = from_png(bytes(damaged))
    except ValueError as error:
        assert str(error) in ("no PNG file", "a damaged PNG file")
    else:
        np.testing.assert_array_equal(picture, _CHEST)


@pytest.mark.parametrize("kept", [0, 7, 8, 30, 60, len(_STORED) // 2, len(_STORED) - 13])
def test_a_cut_off_file_is_an_error(kept: int) -> None:
    with pytest.raises(ValueError, match=r"PNG file"):
        from_png(_STORED[:kept])


@pytest.mark.parametrize(
    ("picture", "kind", "problem"),
    [
        (Image.new("L", (9, 9)), "JPEG", "no PNG file"),
        (Image.new("RGB", (9, 9)), "PNG", "no 8-bit grey picture"),
        (Image.new("I;16", (9, 9)), "PNG", "no 8-bit grey picture"),
    ],
)
def test_another_kind_of_picture_is_an_error(picture: Image.Image, kind: str, problem: str) -> None:
    stored = BytesIO()
    picture.save(stored, kind)
    with pytest.raises(ValueError, match=problem):
        from_png(stored.getvalue())

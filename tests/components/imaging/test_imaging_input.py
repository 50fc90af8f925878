"""The models' input: square, 8-bit, aspect kept, black borders cut off and nothing else."""

import numpy as np
import pytest

from components.imaging import PREPROCESSING_VERSION, to_input
from components.settings import Fit


def chest(rows: int, columns: int) -> np.ndarray:
    return np.full((rows, columns), 0.5, dtype=np.float32)


@pytest.mark.parametrize(("rows", "columns"), [(300, 300), (300, 200), (200, 300), (50, 40), (2000, 1500)])
def test_the_square_holds_the_whole_picture_centred(rows, columns):
    square = to_input(chest(rows, columns), size=128, crop_borders=True)
    assert square.shape == (128, 128)
    assert square.dtype == np.uint8
    lit = square > 60
    height, width = lit.any(axis=1).sum(), lit.any(axis=0).sum()
    assert abs(height / width - rows / columns) < 0.05
    assert max(height, width) == 128
    assert abs(int(lit.any(axis=0).argmax()) - int(lit.any(axis=0)[::-1].argmax())) <= 1


def test_a_square_fit_fills_both_sides_and_distorts():
    tall = chest(300, 100)
    tall[140:160] = 1.0
    filled = to_input(tall, size=90, crop_borders=True, fit=Fit.SQUARE)
    assert filled.shape == (90, 90)
    assert filled.min() > 100, "nothing beside the picture"
    assert (filled[:, 45] > 200).sum() == 6
    padded = to_input(tall, size=90, crop_borders=True)
    assert (padded == 0).all(axis=0).sum() == 60
    even = chest(64, 64)
    assert (
        to_input(even, size=32, crop_borders=False, fit=Fit.SQUARE) == to_input(even, size=32, crop_borders=False)
    ).all()


def test_black_borders_are_cut_off_only_when_asked():
    framed = np.zeros((400, 400), dtype=np.float32)
    framed[100:300, 50:350] = 0.5
    cropped = to_input(framed, size=60, crop_borders=True)
    assert cropped[:, 0].max() > 100
    assert (cropped.max(axis=1) > 60).sum() == 40, "300 by 200 keeps its aspect"
    whole = to_input(framed, size=60, crop_borders=False)
    assert whole[:, 0].max() == 0


def test_a_marker_in_the_border_does_not_hold_it():
    framed = np.zeros((400, 400), dtype=np.float32)
    framed[:, 100:300] = 0.5
    framed[10:14, 20:26] = 1.0
    assert to_input(framed, size=100, crop_borders=True)[50].nonzero()[0].tolist() == list(range(25, 75))


def test_a_picture_that_is_nearly_all_black_is_left_whole():
    dark = np.zeros((400, 400), dtype=np.float32)
    dark[380:, 380:] = 1.0
    assert to_input(dark, size=100, crop_borders=True)[96:, 96:].min() > 200
    assert not to_input(np.zeros((64, 64), dtype=np.float32), size=32, crop_borders=True).any()


def test_fine_stripes_are_averaged_and_not_sampled():
    stripes = np.tile(np.array([0, 1], dtype=np.float32), (1024, 512))
    assert abs(to_input(stripes, size=64, crop_borders=False).astype(float) - 127.5).max() < 12


def test_the_version_names_what_models_were_trained_on():
    assert PREPROCESSING_VERSION

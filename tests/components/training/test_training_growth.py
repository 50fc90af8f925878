"""Holds: pictures grow to whole ones as a training goes on, and every side takes about as much computing."""

from collections import Counter

import pytest

from components.settings import TrainingSettings
from components.training._growth import Growth


def _growth(smallest: float, whole: int, steps: int) -> Growth:
    return Growth.of(TrainingSettings(smallest=smallest), whole, steps)


@pytest.mark.parametrize("whole", [64, 100, 224, 512])
def test_without_the_setting_they_are_whole_from_the_first_step(whole: int) -> None:
    assert {_growth(1, whole, 50).at(step) for step in range(60)} == {whole}


def test_they_grow_by_the_networks_stride_and_end_whole() -> None:
    sides = [_growth(0.43, 224, 1000).at(step) for step in range(1000)]
    assert sides == sorted(sides)
    assert list(dict.fromkeys(sides)) == [96, 128, 160, 192, 224]


def test_all_sides_take_about_as_much_computing() -> None:
    steps = Counter(_growth(0.25, 512, 100_000).at(step) for step in range(100_000))
    cost = {side: side**2 * number for side, number in steps.items()}
    assert min(cost.values()) == pytest.approx(max(cost.values()), rel=0.01)


def test_a_short_training_and_an_odd_side_end_whole_too() -> None:
    assert _growth(0.1, 100, 1).at(0) == 32
    assert _growth(0.5, 100, 300).at(299) == 100
    assert _growth(0.5, 100, 3).at(99) == 100

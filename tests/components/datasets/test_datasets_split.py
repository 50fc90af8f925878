"""Holds: no patient on two sides, sides stay for ever, every label keeps its share, the order of rows is no matter."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.catalog import Side
from components.datasets import assign_sides
from components.settings import SplitSettings

_SHARES = {Side.TRAIN: 0.6, Side.VALIDATION: 0.15, Side.TEST: 0.25}
_SETTINGS = SplitSettings(validation=0.15, test=0.25)


@st.composite
def _studies(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    number = draw(st.integers(1, 60))
    patients = draw(st.lists(st.integers(0, 30), min_size=number, max_size=number))
    cells = np.random.default_rng(draw(st.integers(0, 2**16))).integers(-2, 2, (number, 14), dtype=np.int8)
    return cells, np.array([f"P{patient}" for patient in patients])


@given(_studies(), st.integers(0, 5))
def test_every_patient_gets_one_side_whatever_the_order(studies: tuple[np.ndarray, np.ndarray], seed: int) -> None:
    labels, patients = studies
    sides = assign_sides(labels, patients, settings=_SETTINGS, seed=seed, fixed={})
    assert set(sides) == set(patients.tolist())
    back = assign_sides(labels[::-1], patients[::-1], settings=_SETTINGS, seed=seed, fixed={})
    assert back == sides


@given(_studies(), _studies(), st.integers(0, 5))
def test_a_side_once_given_is_kept_when_studies_come_and_go(
    first: tuple[np.ndarray, np.ndarray], second: tuple[np.ndarray, np.ndarray], seed: int
) -> None:
    before = assign_sides(*first, settings=_SETTINGS, seed=seed, fixed={})
    after = assign_sides(*second, settings=_SETTINGS, seed=seed + 1, fixed=before)
    assert all(after[patient] is before[patient] for patient in after if patient in before)


def _cohort(studies: int, patients: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Labels from rare to common that patients carry from study to study."""
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(patients), rng.integers(0, patients, studies - patients)])
    rates = np.linspace(0.01, 0.4, 14)
    labels = (rng.random((studies, 14)) < rates) | ((rng.random((patients, 14)) < rates)[owner])
    return labels, np.array([f"P{number:06d}" for number in owner])


def _shares(labels: np.ndarray, patients: np.ndarray, sides: dict[str, Side]) -> dict[Side, np.ndarray]:
    """Share of each label's positive studies on each side."""
    of_study = np.array([sides[patient].value for patient in patients])
    return {side: labels[of_study == side.value].sum(axis=0) / labels.sum(axis=0) for side in Side}


def test_every_label_keeps_its_share_within_two_percent() -> None:
    labels, patients = _cohort(5000, 3500, seed=1)
    assert labels.sum(axis=0).min() >= 50
    sides = assign_sides(labels, patients, settings=_SETTINGS, seed=0, fixed={})
    for side, shares in _shares(labels, patients, sides).items():
        counts = labels.sum(axis=0)
        allowed = np.maximum(0.02 * _SHARES[side], 1 / counts)  # a rare label cannot come closer than one study
        assert (np.abs(shares - _SHARES[side]) <= allowed).all()


def test_shares_hold_when_new_patients_join_those_with_a_side() -> None:
    labels, patients = _cohort(3000, 2000, seed=2)
    old = np.array([int(patient[1:]) < 800 for patient in patients])
    unbalanced = {patient: Side.TRAIN for patient in patients[old]}  # all of the first ones went to training
    sides = assign_sides(labels, patients, settings=_SETTINGS, seed=0, fixed=unbalanced)
    for side, shares in _shares(labels, patients, sides).items():
        assert shares == pytest.approx(np.full(14, _SHARES[side]), abs=0.02)


def test_shares_hold_over_twelve_monthly_retrainings_and_nobody_moves() -> None:
    labels, patients = _cohort(6000, 4000, seed=5)
    month = np.random.default_rng(6).integers(0, 12, len(labels))  # patients come back in any month
    sides: dict[str, Side] = {}
    for now in range(12):
        so_far = month <= now
        before = sides
        sides = assign_sides(labels[so_far], patients[so_far], settings=_SETTINGS, seed=now, fixed=before)
        assert before.items() <= sides.items()
        for side, shares in _shares(labels[so_far], patients[so_far], sides).items():
            enough = labels[so_far].sum(axis=0) >= 100
            assert shares[enough] == pytest.approx(_SHARES[side], rel=0.1), (now, side)
    for side, shares in _shares(labels, patients, sides).items():
        assert shares == pytest.approx(_SHARES[side], rel=0.03), side


def test_another_seed_gives_another_split() -> None:
    labels, patients = _cohort(300, 200, seed=3)
    first, second = (assign_sides(labels, patients, settings=_SETTINGS, seed=seed, fixed={}) for seed in (0, 1))
    assert first != second


def test_nobody_to_assign_is_no_error() -> None:
    assert assign_sides(np.empty((0, 14), dtype=np.int8), [], settings=_SETTINGS, seed=0, fixed={}) == {}


def test_fifty_thousand_studies_take_about_a_second_of_processor_time() -> None:
    labels, patients = _cohort(50_000, 30_000, seed=4)
    begun = time.process_time()
    assign_sides(labels, patients, settings=_SETTINGS, seed=0, fixed={})
    assert time.process_time() - begun < 3  # about 0.5 s on an idle core

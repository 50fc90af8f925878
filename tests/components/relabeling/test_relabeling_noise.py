"""Confident learning: finds the labels that were turned round, about as many as there are; says nothing of too few."""

import numpy as np
import pytest

from components.findings import FINDINGS, Finding
from components.relabeling import confident_joint, label_noise

EDEMA = FINDINGS.index(Finding.EDEMA)


def hospital(*, missed: float, invented: float, studies: int = 4000) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels with known mistakes, an honest model's probabilities, and which labels are wrong; one finding."""
    random = np.random.default_rng(0)
    truly = random.random(studies) < 0.3
    scores = 1 / (1 + np.exp(-random.normal(np.where(truly, 2.5, -2.5), 1.0)))
    wrong = random.random(studies) < np.where(truly, missed, invented)
    return (truly ^ wrong).astype(int), scores, wrong


def of_all(values: np.ndarray, rest: float) -> np.ndarray:
    """[N, 14] with the values as edema's column."""
    table = np.full((len(values), len(FINDINGS)), rest)
    table[:, EDEMA] = values
    return table


@pytest.mark.parametrize(("missed", "invented"), [(0.2, 0.0), (0.0, 0.05), (0.15, 0.05)])
def test_the_noise_is_estimated_and_the_wrong_labels_stand_first(missed: float, invented: float) -> None:
    given, scores, wrong = hospital(missed=missed, invented=invented)
    found, chance = label_noise(of_all(given, 2).astype(int), of_all(scores, np.nan))
    noise = found[Finding.EDEMA]
    assert noise.missed == pytest.approx(missed, abs=0.03)
    assert noise.invented == pytest.approx(invented, abs=0.03)
    assert noise.wrong == pytest.approx(np.nansum(chance[:, EDEMA]), abs=1e-6)
    suspects = np.argsort(-chance[:, EDEMA])[: wrong.sum()]
    assert wrong[suspects].mean() > 0.9
    assert list(found) == [Finding.EDEMA]
    assert np.isnan(np.delete(chance, EDEMA, axis=1)).all()


def test_the_joint_is_the_papers() -> None:
    given = np.array([0, 0, 0, 0, 1, 1, 1, 1])
    said = np.array([0.1, 0.2, 0.3, 0.9, 0.9, 0.8, 0.7, 0.1])
    # means: .625 of 1 - said among the zeros, .625 of said among the ones; .9 and .1 lie on the other side
    assert confident_joint(given, said).tolist() == [[3, 1], [1, 3]]


def test_who_is_confident_of_nothing_is_not_counted_and_rows_keep_their_sums() -> None:
    given = np.array([0] * 6 + [1] * 4)
    said = np.array([0.1, 0.1, 0.1, 0.1, 0.4, 0.95, 0.9, 0.9, 0.9, 0.6])
    joint = confident_joint(given, said)
    assert joint.sum(axis=1).tolist() == [6, 4]
    assert joint[0].tolist() == pytest.approx([6 * 4 / 5, 6 / 5])


def test_too_few_of_a_class_and_uncertain_labels_are_not_judged() -> None:
    given, scores, _ = hospital(missed=0.2, invented=0.0)
    given[given == 1] = np.where(np.arange((given == 1).sum()) < 9, 1, -1)
    found, chance = label_noise(of_all(given, 0).astype(int), of_all(scores, 0.1))
    assert found == {}
    assert np.isnan(chance).all()


def test_a_weak_model_is_not_asked_for_its_own_mistakes_would_count() -> None:
    given, scores, _ = hospital(missed=0.0, invented=0.0)
    blurred = scores + np.random.default_rng(1).normal(0, 0.6, len(scores))
    assert label_noise(of_all(given, 2).astype(int), of_all(scores, np.nan))[0]
    assert not label_noise(of_all(given, 2).astype(int), of_all(blurred.clip(0, 1), np.nan))[0]


def test_a_model_that_agrees_with_every_label_finds_none_wrong() -> None:
    given = np.array([0, 1] * 20)
    found, chance = label_noise(of_all(given, 2).astype(int), of_all(np.where(given == 1, 0.9, 0.1), np.nan))
    assert found[Finding.EDEMA].wrong == 0
    assert not chance[:, EDEMA].any()

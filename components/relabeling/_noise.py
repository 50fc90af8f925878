"""How many labels are wrong, and which: confident learning from predictions that never saw the label.

Northcutt, Jiang, Chuang 2021 (Confident Learning: Estimating Uncertainty in Dataset Labels), for one finding at a
time: with two classes, the confident joint is a table of two by two.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit

from components.findings import FINDINGS, Finding

_FEWEST = 10  # of each class; a class mean over less says nothing
_GOOD_ENOUGH = 0.9  # AUC; what a weaker model counts as wrong labels are mostly its own mistakes
_SUREST = 1e-6  # a probability of 0 or 1 has no finite odds
_WIDEST = 60.0  # in log odds: beyond every sum of `_SUREST` ones


@dataclass(frozen=True, kw_only=True)
class LabelNoise:
    """What one finding's labels are worth, estimated from `studies` that the model had not learned from.

    `missed` is the share of the truly present whose label is absent, `invented` the share of the truly absent whose
    label is present, `wrong` the number of labels that are expected to be wrong.
    """

    finding: Finding
    studies: int
    positives: int
    missed: float
    invented: float
    wrong: float


def label_noise(
    labels: NDArray[np.int_], probabilities: NDArray[np.float64]
) -> tuple[dict[Finding, LabelNoise], NDArray[np.float64]]:
    """The noise of each finding's labels, and for each cell the chance that its label is wrong.

    Args:
        labels: int [N, 14], 1 present, 0 absent; anything else is a label that says neither.
        probabilities: float [N, 14], 0..1, from a model that had not learned from the study; NaN where there is none.

    Returns:
        Finding → noise, for the findings with at least 10 present and 10 absent labels that the model tells apart
        with an AUC of .9; and float [N, 14], 0..1: NaN where label, prediction or estimate is missing.
    """
    from components.evaluation import area

    found: dict[Finding, LabelNoise] = {}
    chance = np.full(labels.shape, np.nan)
    for column, finding in enumerate(FINDINGS):
        usable = np.isin(labels[:, column], (0, 1)) & ~np.isnan(probabilities[:, column])
        given, said = labels[usable, column], probabilities[usable, column]
        if min((given == 1).sum(), (given == 0).sum()) < _FEWEST or area(given == 1, said).auc < _GOOD_ENOUGH:
            continue
        joint = confident_joint(given, said)
        found[finding] = _noise(finding, joint)
        chance[usable, column] = _chance_wrong(given, said, joint)
    return found, chance


def confident_joint(given: NDArray[np.int_], said: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many labels given as the row are truly the column, [2, 2], its rows summing to the labels' counts.

    A study counts as truly of a class when its probability reaches the mean probability of those labelled so; where
    it reaches both means, the likelier class; where neither, it is not counted. The counts are then scaled to the
    rows, as in the paper's calibration.

    Args:
        given: int [N], 0 or 1, both present.
        said: float [N], probability of 1.
    """
    of_class = np.stack([1 - said, said], axis=1)
    mean = np.array([of_class[given == label, label].mean() for label in (0, 1)])
    reached = of_class >= mean
    confident = reached.any(axis=1)
    truly = np.where(reached, of_class, -1.0).argmax(axis=1)
    counts = np.zeros((2, 2))
    np.add.at(counts, (given[confident], truly[confident]), 1)
    labelled = np.bincount(given, minlength=2).astype(np.float64)
    rows = counts.sum(axis=1)
    counts[rows == 0] = np.eye(2)[rows == 0]  # nobody confident: as given
    joint: NDArray[np.float64] = counts * (labelled / counts.sum(axis=1))[:, np.newaxis]
    return joint


def _noise(finding: Finding, joint: NDArray[np.float64]) -> LabelNoise:
    truly = joint.sum(axis=0)
    missed, invented = joint[0, 1], joint[1, 0]
    return LabelNoise(
        finding=finding,
        studies=round(joint.sum()),
        positives=round(joint[1].sum()),
        missed=float(missed / truly[1]) if truly[1] else 0.0,
        invented=float(invented / truly[0]) if truly[0] else 0.0,
        wrong=float(missed + invented),
    )


def _chance_wrong(
    given: NDArray[np.int_], said: NDArray[np.float64], joint: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The chance of each label to be wrong; over the labels of a class, the chances sum to the joint's count."""
    chance = np.zeros(len(given))
    for label in (0, 1):
        of_label = given == label
        against = said[of_label] if label == 0 else 1 - said[of_label]
        chance[of_label] = _scaled(against, wrong=joint[label, 1 - label])
    return chance


def _scaled(against: NDArray[np.float64], *, wrong: float) -> NDArray[np.float64]:
    """The model's odds against each label, all multiplied by the one factor that makes `wrong` of them expected.

    A network's probabilities are seldom frequencies; their order and the expected count are kept.
    """
    if not 0 < wrong < len(against):
        return np.full(len(against), float(wrong > 0))
    odds = logit(np.clip(against, _SUREST, 1 - _SUREST))
    factor = brentq(lambda shift: expit(odds + shift).sum() - wrong, -_WIDEST, _WIDEST)
    chances: NDArray[np.float64] = expit(odds + factor)
    return chances

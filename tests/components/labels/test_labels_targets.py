"""Holds what uncertain and unmentioned become in training and in the truth that scores are judged by."""

import numpy as np
import pandas as pd
import pytest

from components.findings import FINDINGS
from components.labels import positive_weights, soft_targets, truth
from components.settings import UncertainPolicy

COLUMNS = [finding.value for finding in FINDINGS]


def codes(studies: int = 1) -> pd.DataFrame:
    """Every study: present, absent, uncertain, unmentioned, then uncertain throughout."""
    row = [1, 0, -1, -2, *[-1] * 10]
    return pd.DataFrame([row] * studies, columns=COLUMNS, index=[f"s{n}" for n in range(studies)]).astype("int8")


@pytest.mark.parametrize(
    ("policy", "target", "weight"),
    [(UncertainPolicy.ZEROS, 0, 1), (UncertainPolicy.ONES, 1, 1), (UncertainPolicy.IGNORE, 0, 0)],
)
def test_policies_without_a_draw(policy: UncertainPolicy, target: float, weight: float) -> None:
    targets, weights = soft_targets(codes(), policy=policy, seed=0)
    assert targets.dtype == weights.dtype == np.float32
    assert targets[0, :4].tolist() == [1, 0, target, 0]
    assert weights[0, :4].tolist() == [1, 1, weight, 1]


def test_soft_targets_are_uniform_in_their_range() -> None:
    targets, weights = soft_targets(codes(2000), policy=UncertainPolicy.SOFT, seed=0)
    drawn = targets[:, 4:]
    assert drawn.min() >= 0.55
    assert drawn.max() <= 0.85
    assert abs(drawn.mean() - 0.70) < 0.005
    assert abs(drawn.var() - 0.3**2 / 12) < 0.0005
    assert (weights == 1).all()


def test_draw_depends_on_study_finding_and_seed_only() -> None:
    table = codes(50)
    targets, _ = soft_targets(table, policy=UncertainPolicy.SOFT, seed=3)
    again, _ = soft_targets(table.iloc[::-1], policy=UncertainPolicy.SOFT, seed=3)
    other, _ = soft_targets(table, policy=UncertainPolicy.SOFT, seed=4)
    assert (targets == again[::-1]).all()
    assert (targets[:, 4:] != other[:, 4:]).all()
    assert len(np.unique(targets[:, 4:])) > 490


def test_truth_is_undefined_where_uncertain() -> None:
    judged = truth(codes())
    assert judged.dtype == np.float32
    assert judged[0, [0, 1, 3]].tolist() == [1, 0, 0]
    assert np.isnan(judged[0, 2])


def test_what_is_unlabelled_is_neither_learned_nor_judged() -> None:
    table = codes().replace(-1, -3)
    targets, weights = soft_targets(table, policy=UncertainPolicy.ONES, seed=0)
    assert targets[0].tolist() == [1] + [0] * 13
    assert weights[0].tolist() == [1, 1, 0, 1] + [0] * 10
    assert np.isnan(truth(table)[0]).tolist() == [False, False, True, False] + [True] * 10


def test_positive_weight_is_negatives_over_positives() -> None:
    targets = np.zeros((4, 14), np.float32)
    targets[0, 0] = 1
    targets[:2, 1] = 0.5
    weights = np.ones_like(targets)
    weights[3, 0] = 0
    balanced = positive_weights(targets, weights)
    assert balanced.dtype == np.float32
    assert balanced[:3].tolist() == [2, 3, 1]

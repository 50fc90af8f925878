"""Holm's adjustment and Wilcoxon's test over labels equal their definitions."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from components.evaluation._across_labels import holm, wilcoxon_p


def test_holm_steps_down_and_leaves_the_undefined_out():
    assert holm([0.01, 0.04, float("nan"), 0.03]) == pytest.approx([0.03, 0.06, float("nan"), 0.06], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def by_every_sign_pattern(differences):
    moved = np.round(np.array([d for d in differences if abs(d) > 1e-12]), 12)
    size = np.abs(moved)
    ranks = np.array([(size < s).sum() + ((size == s).sum() + 1) / 2 for s in size])
    observed = ranks[moved > 0].sum()
    sums = np.array([ranks @ np.array(signs) for signs in itertools.product((0, 1), repeat=moved.size)])
    return min(1.0, 2 * min((sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()))


@given(st.lists(st.integers(-6, 6).map(lambda n: n / 100), min_size=1, max_size=9))
def test_wilcoxon_is_exact_with_ties_and_leaves_zeros_out(differences):
    if any(differences):
        assert wilcoxon_p(differences) == pytest.approx(by_every_sign_pattern(differences), abs=1e-9)
    else:
        assert wilcoxon_p(differences) == 1.0


def test_wilcoxon_without_ties_is_scipys():
    for seed in range(20):
        differences = np.random.default_rng(seed).normal(0.3, size=14)
        assert wilcoxon_p(differences) == pytest.approx(stats.wilcoxon(differences, method="exact").pvalue, abs=1e-12)


def test_fourteen_better_labels_give_the_smallest_exact_p():
    assert wilcoxon_p([0.01 + n / 1000 for n in range(14)]) == pytest.approx(2 / 2**14)
    assert wilcoxon_p([0.02] * 14) == pytest.approx(2 / 2**14)
    assert wilcoxon_p([0.02] * 30) < 1e-5
    assert math.isnan(wilcoxon_p([]))

"""AUPRC is scikit-learn's average precision, also with ties, and its interval covers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from components.evaluation._precision import average_precision, average_precision_interval

cases = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=40)


@given(cases)
def test_equals_scikit_learns_also_with_heavy_ties(drawn):
    truth, scores = (np.array(column) for column in zip(*drawn, strict=True))
    found = average_precision(truth, scores.astype(float))
    if truth.all() or not truth.any():
        assert math.isnan(found)
        return
    assert found == pytest.approx(average_precision_score(truth, scores), abs=1e-12)


def test_a_score_that_knows_nothing_has_the_prevalence():
    truth = np.arange(100) < 7
    assert average_precision(truth, np.zeros(100)) == pytest.approx(0.07)


def test_the_interval_is_undefined_at_one_and_counts_patients():
    truth = np.arange(40) < 20
    assert math.isnan(average_precision_interval(1.0, truth, None, 0.05).low)
    alone = average_precision_interval(0.6, truth, None, 0.05)
    twins = average_precision_interval(0.6, truth, np.arange(40) // 2, 0.05)
    assert twins.low < alone.low < 0.6 < alone.high < twins.high


def test_the_interval_covers():
    """300 runs against the AUPRC of a large sample; Boyd's interval is on the wide side."""
    random = np.random.default_rng(4)

    def drawn(studies):
        truth = np.arange(studies) < studies // 8
        return truth, random.normal(1.5 * truth)

    truth = average_precision(*drawn(400_000))
    held = 0
    for _ in range(300):
        labels, scores = drawn(480)
        interval = average_precision_interval(average_precision(labels, scores), labels, None, 0.05)
        held += interval.low <= truth <= interval.high
    assert held / 300 >= 0.92

"""The drawn curve has the AUC that is reported, and is thinned without losing its ends."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation import area
from components.evaluation._roc import NO_CURVE, roc_curve


def under(curve):
    return np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=2, max_size=30))
def test_the_area_under_the_drawn_curve_is_the_auc(drawn):
    truth, scores = np.array([case[0] for case in drawn]), np.array([float(case[1]) for case in drawn])
    curve = roc_curve(truth, scores)
    if truth.all() or not truth.any():
        assert curve == NO_CURVE
        return
    assert abs(under(curve) - area(truth, scores).auc) < 1e-12
    assert (curve.false_positive_rate[0], curve.true_positive_rate[-1]) == (0, 1)


def test_a_long_curve_is_thinned():
    random = np.random.default_rng(0)
    truth = random.random(20_000) < 0.3
    scores = random.normal(truth * 1.0)
    curve = roc_curve(truth, scores)
    assert len(curve.true_positive_rate) <= 200
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert abs(under(curve) - area(truth, scores).auc) < 0.002

"""Sensitivity and specificity at given thresholds; their intervals are Wilson's, and count patients, not studies."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from components.evaluation import assess, compare
from components.evaluation._proportion import share_interval
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=100)


def invented(studies=200, *, seed=0):
    random = np.random.default_rng(seed)
    index = pd.Index([f"2.25.{n}" for n in range(studies)], name="study")
    truth = pd.DataFrame({"edema": random.random(studies) < 0.3, "fracture": False}, index=index).astype(float)
    scores = (truth * 0.3 + random.random(truth.shape) * 0.7).round(2)
    return truth, scores


def test_the_counts_at_or_above_the_threshold_with_wilsons_interval():
    truth, scores = invented()
    point = assess(truth, scores, thresholds={"edema": 0.45}, settings=SETTINGS, seed=0).operating[0]
    called, ill = scores["edema"] >= 0.45, truth["edema"] == 1
    for share, interval, hits, of in (
        (point.sensitivity, point.sensitivity_ci, called & ill, ill),
        (point.specificity, point.specificity_ci, ~called & ~ill, ~ill),
    ):
        assert share == hits.sum() / of.sum()
        wilson = stats.binomtest(int(hits.sum()), int(of.sum())).proportion_ci(method="wilson")
        assert interval == pytest.approx((wilson.low, wilson.high), abs=1e-12)
    assert (point.label, point.model, point.threshold, point.reason) == ("edema", "A", 0.45, None)


def test_both_models_of_a_comparison_at_their_own_thresholds():
    truth, scores = invented()
    found = compare(
        truth, scores, scores, thresholds_a={"edema": 0.2}, thresholds_b={"edema": 0.8}, settings=SETTINGS, seed=0
    ).operating
    assert [(point.model, point.threshold) for point in found] == [("A", 0.2), ("B", 0.8)]
    assert found[0].sensitivity > found[1].sensitivity
    assert found[0].specificity < found[1].specificity


def test_what_is_undefined_says_why():
    truth, scores = invented()
    points = assess(truth, scores, thresholds={"edema": None, "fracture": 0.5}, settings=SETTINGS, seed=0).operating
    edema, fracture = points
    assert "no threshold" in edema.reason
    assert all(math.isnan(value) for value in (edema.threshold, edema.sensitivity, *edema.specificity_ci))
    assert "no positives: no sensitivity" in fracture.reason
    assert math.isnan(fracture.sensitivity)
    assert 0 < fracture.specificity <= 1


def test_studies_of_one_patient_count_as_what_they_add():
    random = np.random.default_rng(1)
    once = random.random(120) < 0.8
    plain = share_interval(once, None, 0.05)
    copied = share_interval(np.repeat(once, 3), np.repeat(np.arange(120), 3), 0.05)
    assert copied == pytest.approx(plain, abs=0.002)
    mixed = random.random(360) < 0.8  # a patient's studies have nothing to do with each other
    unrelated = share_interval(mixed, np.repeat(np.arange(120), 3), 0.05)
    assert unrelated.high - unrelated.low < 0.75 * (plain.high - plain.low)
    all_alike = share_interval(np.ones(60, dtype=bool), np.repeat(np.arange(20), 3), 0.05)
    assert all_alike == pytest.approx(stats.binomtest(20, 20).proportion_ci(method="wilson"), abs=1e-12)
    assert math.isnan(share_interval(np.zeros(0, dtype=bool), None, 0.05).low)


def test_the_interval_covers_also_where_patients_have_several_studies():
    """600 runs of 60 patients with 4 studies each: the count within has a standard error of .009."""
    random, held = np.random.default_rng(2), 0
    for _ in range(600):
        chance = random.beta(4, 1, size=60)  # each patient's own; .8 on average
        interval = share_interval((random.random((60, 4)) < chance[:, None]).ravel(), np.repeat(np.arange(60), 4), 0.05)
        held += interval.low <= 0.8 <= interval.high
    assert 0.92 <= held / 600 <= 0.98

"""Brier score, calibration error and reliability curve equal their definitions; the difference's interval is paired."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats
from sklearn.metrics import brier_score_loss

from components.evaluation import compare, reliability
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=500)


def invented(studies=900, *, seed=0, wrong=1.0):
    """Truth drawn from model A's own probabilities; model B's logits are `wrong` times too far out."""
    random = np.random.default_rng(seed)
    logits = random.normal(-1, 1.2, size=(studies, 3))
    truth = (random.random((studies, 3)) < special.expit(logits)).astype(float)
    index = pd.Index([f"2.25.{n}" for n in random.permutation(studies)], name="study")
    names = ["edema", "fracture", "pneumonia"]
    return tuple(
        pd.DataFrame(values, index=index, columns=names)
        for values in (truth, special.expit(logits), special.expit(wrong * logits))
    )


def test_figures_equal_their_definitions():
    truth, scores, _ = invented()
    truth.iloc[:100, 0] = np.nan
    found = reliability(truth, scores, settings=SETTINGS)
    assert [label.n for label in found.labels] == [800, 900, 900]
    for label in found.labels:
        known = truth[label.label].notna()
        called, said = truth.loc[known, label.label].to_numpy(), scores.loc[known, label.label].to_numpy()
        assert label.brier == pytest.approx(brier_score_loss(called, said))
        parts = np.array_split(np.argsort(said), 10)
        away = [len(part) * abs(called[part].mean() - said[part].mean()) for part in parts]
        assert label.ece == pytest.approx(sum(away) / len(said))
        assert [one.studies for one in label.bins] == [len(part) for part in parts]
        assert [one.observed for one in label.bins] == pytest.approx([called[part].mean() for part in parts])
    assert found.brier == pytest.approx(np.mean([label.brier for label in found.labels]))
    assert found.ece < 0.06


def test_equal_scores_share_a_bin_and_the_bins_hold_every_study_once():
    truth, scores, _ = invented(200)
    coarse = (scores * 4).round() / 4
    label = reliability(truth, coarse, settings=SETTINGS).labels[0]
    assert len(label.bins) <= coarse["edema"].nunique()
    assert sum(one.studies for one in label.bins) == 200
    assert [one.mean_score for one in label.bins] == sorted(one.mean_score for one in label.bins)
    for one in label.bins:
        hits = round(one.observed * one.studies)
        wilson = stats.binomtest(hits, one.studies).proportion_ci(method="wilson")
        assert one.observed_ci == pytest.approx((wilson.low, wilson.high), abs=1e-12)


def test_a_worse_calibrated_candidate_has_a_higher_brier_score_and_identical_ones_differ_nowhere():
    truth, a, b = invented(wrong=3.0)
    found = compare(truth, a, b, settings=SETTINGS, seed=0)
    assert [label.delong_p for label in found.labels] == [1, 1, 1]  # the order is the same
    assert found.calibration.delta_brier_ci.low > 0
    assert found.calibration.delta_brier == pytest.approx(found.calibration.brier_b - found.calibration.brier_a)
    assert found.calibration.ece_b > 2 * found.calibration.ece_a
    same = compare(truth, a, a, settings=SETTINGS, seed=0).calibration
    assert (same.delta_brier, same.delta_brier_ci) == (0, (0, 0))


def test_the_interval_has_the_width_that_a_mean_over_patients_has():
    """One label, one study a patient: the difference is a mean, whose standard error is known."""
    truth, a, b = (table[["edema"]] for table in invented(wrong=2.0))
    interval = compare(truth, a, b, settings=GateSettings(bootstrap_draws=4000), seed=0).calibration.delta_brier_ci
    change = ((b - truth) ** 2 - (a - truth) ** 2)["edema"]
    assert interval.high - interval.low == pytest.approx(2 * 1.96 * change.sem(), rel=0.06)


def test_studies_read_twice_are_no_new_evidence():
    truth, a, b = invented(400, wrong=2.0)
    twice = [pd.concat([table, table.rename(index="{}.9".format)]) for table in (truth, a, b)]
    patients = pd.Series(np.tile(truth.index, 2), index=twice[0].index)
    once, naive, clustered = (
        compare(*tables, patients=owners, settings=SETTINGS, seed=0).calibration
        for tables, owners in (((truth, a, b), None), (twice, None), (twice, patients))
    )

    def width(found):
        return found.delta_brier_ci.high - found.delta_brier_ci.low

    assert width(naive) < 0.8 * width(once)
    assert width(clustered) == pytest.approx(width(once), rel=0.1)
    assert [one.observed_ci for one in clustered.b.labels[0].bins] == [
        pytest.approx(one.observed_ci, abs=0.005) for one in once.b.labels[0].bins
    ]


def test_what_is_no_probability_is_undefined_and_says_so():
    truth, a, b = invented(300)
    found = compare(truth, a, b * 3, settings=SETTINGS, seed=0).calibration
    assert found.a.reason is None
    assert "studies have a score outside 0..1" in found.reason
    assert found.reason.startswith("B:")
    assert all(math.isnan(value) for value in (found.brier_b, found.delta_brier, *found.delta_brier_ci))
    assert found.b.labels[0].bins == ()
    truth["fracture"] = 0.0
    rare = compare(truth, a, b, settings=SETTINGS, seed=0).calibration
    assert (rare.a.judged_labels, rare.reason) == (2, None)
    assert "fewer than 10 positives" in rare.a.labels[1].reason
    assert rare.a.labels[1].brier > 0
    nothing = compare(truth * 0, a, b, settings=SETTINGS, seed=0).calibration
    assert "no label has 10 positives" in nothing.reason

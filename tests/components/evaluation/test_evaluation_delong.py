"""DeLong's figures equal an independent pair-by-pair computation, and stay undefined where they are."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pairwise_delong import brute_force
from scipy import stats

from components.evaluation import PairedAreas, area, paired_areas


def assert_same(found: PairedAreas, truth, a, b, patients=None):
    aucs, variances, z, p = brute_force(truth, a, b, patients)
    assert [found.a.auc, found.b.auc] == pytest.approx(aucs, abs=1e-10)
    assert [found.a.variance, found.b.variance] == pytest.approx(variances, abs=1e-10)
    assert found.z == pytest.approx(z, abs=1e-10)
    assert found.p == pytest.approx(p, abs=1e-10)


@pytest.mark.parametrize("levels", [2, 5, 20, None], ids=["binary", "five levels", "twenty levels", "no ties"])
@pytest.mark.parametrize("prevalence", [0.05, 0.5])
def test_equals_pairwise_computation_also_with_heavy_ties(levels, prevalence):
    random = np.random.default_rng(7)
    truth = random.random(400) < prevalence
    a, b = random.normal(truth * 1.0), random.normal(truth * 1.4)
    if levels is not None:
        a, b = (np.floor(levels * stats.norm.cdf(scores)) for scores in (a, b))
    assert_same(paired_areas(truth, a, b), truth, a, b)
    assert area(truth, a).variance == paired_areas(truth, a, b).a.variance


def test_clustered_variance_equals_obuchowskis_sums():
    random = np.random.default_rng(8)
    patients = random.integers(0, 120, 300)
    sick = random.random(120) < 0.4
    truth = sick[patients] ^ (random.random(300) < 0.15)  # some patients have studies of both kinds
    a, b = (np.round(random.normal(truth + random.normal(size=120)[patients]), 1) for _ in range(2))
    assert_same(paired_areas(truth, a, b, patients), truth, a, b, patients)
    alone = np.arange(300)
    assert paired_areas(truth, a, b, alone).z == pytest.approx(paired_areas(truth, a, b).z, abs=1e-12)


def test_copying_every_study_leaves_the_clustered_variance_alone():
    """Reading each study twice is no new evidence: DeLong's variance halves, the clustered one does not."""
    random = np.random.default_rng(9)
    truth = random.random(200) < 0.3
    a, b = random.normal(truth * 1.0), random.normal(truth * 1.2)
    once = paired_areas(truth, a, b)
    twice = [np.repeat(column, 2) for column in (truth, a, b)]
    naive, clustered = paired_areas(*twice), paired_areas(*twice, np.repeat(np.arange(200), 2))
    assert naive.variance < 0.6 * once.variance
    assert clustered.variance == pytest.approx(once.variance, rel=0.02)


scores = st.integers(0, 6).map(float)
cases = st.lists(st.tuples(st.booleans(), scores, scores), min_size=6, max_size=40)


@given(cases)
def test_swapping_the_models_mirrors_the_test(drawn):
    truth, a, b = (np.array(column) for column in zip(*drawn, strict=True))
    one, other = paired_areas(truth, a, b), paired_areas(truth, b, a)
    assert (one.a.auc, one.p) == pytest.approx((other.b.auc, other.p), nan_ok=True, abs=1e-12)
    assert (one.delta, one.z) == pytest.approx((-other.delta, -other.z), nan_ok=True, abs=1e-12)


@given(cases)
def test_only_the_order_of_scores_counts(drawn):
    truth, a, b = (np.array(column) for column in zip(*drawn, strict=True))
    stretched = paired_areas(truth, np.exp(a) * 3 - 7, b**3 + 100 * b)
    plain = paired_areas(truth, a, b)
    for figure in ("delta", "variance", "z", "p"):
        assert getattr(stretched, figure) == pytest.approx(getattr(plain, figure), nan_ok=True, rel=0, abs=0)


@given(cases)
def test_identical_models_give_p_one_and_mixed_up_classes_mirror_the_auc(drawn):
    truth, a, _ = (np.array(column) for column in zip(*drawn, strict=True))
    same = paired_areas(truth, a, a)
    if truth.all() or not truth.any():
        assert math.isnan(same.p)
        assert "only one class" in same.reason
        return
    if min(truth.sum(), (~truth).sum()) > 1:
        assert (same.delta, same.z, same.p) == (0, 0, 1)
    assert area(~truth, a).auc == pytest.approx(1 - same.a.auc, abs=1e-12)


def test_undefined_figures_are_nan_with_their_reason():
    truth = np.array([True, True, False, False])
    perfect, useless = np.array([0.9, 0.8, 0.2, 0.1]), np.zeros(4)
    found = paired_areas(truth, perfect, useless)
    assert (found.a.auc, found.b.auc, found.delta) == (1.0, 0.5, -0.5)
    assert math.isnan(found.z)
    assert math.isnan(found.p)
    assert "no variance" in found.reason
    assert math.isnan(found.a.interval(0.05).low)
    assert "separate" in found.a.reason
    lone = area(np.array([True, False, False]), np.array([0.5, 0.1, 0.9]))
    assert lone.auc == 0.5
    assert math.isnan(lone.variance)
    assert "too few patients" in lone.reason
    assert "no study" in area(np.array([], dtype=bool), np.array([])).reason


def test_the_interval_s_freedom_is_the_smaller_class_s_less_where_a_few_of_it_decide():
    random = np.random.default_rng(5)
    truth = np.arange(2000) < 200
    easy, hard = area(truth, random.normal(truth * 3.0)), area(truth, random.normal(truth * 0.5))
    assert hard.freedom == 199  # spread evenly: what each adds varies less than normal values do
    assert 2 < easy.freedom < 100
    positives = area(~truth, random.normal(truth * -0.5))
    assert positives.freedom == 199, "the negatives are the smaller class here"
    twice = np.repeat(np.arange(1000), 2)
    assert area(truth, random.normal(truth * 0.5), twice).freedom <= 99, "patients count, not studies"

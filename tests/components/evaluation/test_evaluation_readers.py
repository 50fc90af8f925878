"""The model at readers' operating points: figures by the definition, the margin's verdict, and real radiologists."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_curve

from components.errors import ConfigurationError
from components.evaluation import against_readers
from components.evaluation._reader_points import reader_points
from components.evaluation._readers import _random_readers
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=500)


def invented(studies=600, *, gain=0.0, seed=0, readers=3):
    """Readers see what the model sees, each with a threshold of their own; the model sees `gain` more."""
    random = np.random.default_rng(seed)
    index = pd.Index([f"2.25.{n}" for n in random.permutation(studies)], name="study")
    ill = np.arange(studies) < studies // 4
    scores = (1.6 + gain) * ill + random.normal(size=studies)
    calls = [(1.6 * ill + random.normal(size=studies)) > 0.7 + 0.3 * number for number in range(readers)]

    def table(values):
        return pd.DataFrame({"edema": np.asarray(values, dtype=float)}, index=index)

    return table(ill), table(scores), {f"reader {n}": table(called) for n, called in enumerate(calls, start=1)}


def test_the_points_are_those_of_the_roc_curve():
    truth, scores, readers = (table for table in invented())
    coarse = scores.round(1)
    false, true, _ = roc_curve(truth["edema"], coarse["edema"], drop_intermediate=False)
    for one in against_readers(truth, coarse, readers, settings=SETTINGS, seed=0):
        if one.reader is None:
            continue
        called, ill = readers[one.reader]["edema"] == 1, truth["edema"] == 1
        assert one.sensitivity == called[ill].mean()
        assert one.specificity == (~called[~ill]).mean()
        assert one.model_sensitivity == pytest.approx(np.interp(1 - one.specificity, false, true), abs=1e-9)
        assert one.model_specificity == pytest.approx(1 - np.interp(one.sensitivity, true, false), abs=1e-9)
        assert one.sensitivity_delta == pytest.approx(one.model_sensitivity - one.sensitivity)
        assert one.sensitivity_delta_ci.low < one.sensitivity_delta < one.sensitivity_delta_ci.high


def test_a_draw_equals_the_patients_written_out():
    """In one stratum a draw's weights are whole times k / (k - 1), so patients can be repeated instead."""
    truth, scores, readers = invented(80)
    ill, values = truth["edema"].to_numpy() == 1, scores["edema"].round(1).to_numpy()
    calls = np.stack([table["edema"] == 1 for table in readers.values()], axis=1)
    ill = np.repeat(ill, 2)[:80] | (np.arange(80) < 40)  # 40 positives: none are rare
    found = reader_points(ill, values, calls, patients=np.arange(80), draws=20, seed=3)
    drawn = np.random.default_rng(3).integers(0, 80, size=(79, 20))
    for draw in (0, 7, 19):
        rows = drawn[:, draw]
        false, true, _ = roc_curve(ill[rows], values[rows], drop_intermediate=False)
        for reader in range(3):
            called = calls[rows, reader]
            assert found.readers_draws[draw, reader] == pytest.approx(called[ill[rows]].mean())
            at = called[~ill[rows]].mean()
            highest = max(np.interp(at, false, true), true[false <= at + 1e-12].max())  # a curve may rise at one point
            assert found.model_draws[draw, reader] == pytest.approx(highest)


def test_a_better_model_is_no_worse_than_its_readers_and_a_worse_one_is_not_shown_to_be():
    better = against_readers(*invented(gain=0.6), settings=SETTINGS, seed=0)
    assert [one.reader for one in better] == ["reader 1", "reader 2", "reader 3", None]
    assert all(one.noninferior for one in better)
    assert max(one.sensitivity_p for one in better) < 0.025
    worse = against_readers(*invented(gain=-0.8), settings=SETTINGS, seed=0)
    assert not any(one.noninferior for one in worse)
    assert min(one.sensitivity_p for one in worse) > 0.2


def test_a_slightly_worse_model_passes_with_a_wide_margin_only():
    tables = invented(4000, gain=-0.15)
    wide, narrow = (
        against_readers(*tables, settings=GateSettings(bootstrap_draws=500, reader_margin=margin), seed=0)
        for margin in (0.2, 0.0)
    )
    assert all(one.noninferior for one in wide)
    assert not any(one.noninferior for one in narrow)
    assert [one.sensitivity_delta_ci for one in wide] == [one.sensitivity_delta_ci for one in narrow]


def test_the_mean_over_readers_is_the_one_treatment_test():
    """By Hillis et al. 2005, equation 23, with figures worked out by hand."""
    values = np.array([0.10, 0.04, -0.02])
    draws = np.random.default_rng(0).multivariate_normal([0, 0, 0], 0.001 * (np.eye(3) + 1), size=200)
    covariance = np.cov(draws.T)
    shared = (covariance[0, 1] + covariance[0, 2] + covariance[1, 2]) / 3
    between = 0.0036
    found = _random_readers(values, draws)
    assert found.mean == pytest.approx(0.04)
    assert found.error == pytest.approx(math.sqrt((between + 3 * shared) / 3))
    assert found.freedom == pytest.approx(2 * ((between + 3 * shared) / between) ** 2)
    reach = stats.t.isf(0.025, found.freedom) * found.error
    assert found.interval(0.05) == pytest.approx((0.04 - reach, 0.04 + reach))
    assert found.p_at_most(-0.1) == pytest.approx(stats.t.sf(0.14 / found.error, found.freedom))


def test_only_studies_that_all_read_count_and_too_few_are_said():
    truth, scores, readers = invented()
    readers["reader 2"] = readers["reader 2"].iloc[50:]
    readers["reader 3"].iloc[-30:] = np.nan
    found = against_readers(truth, scores, readers, settings=SETTINGS, seed=0)
    assert {one.n for one in found} == {520}
    few = against_readers(truth.iloc[145:], scores, readers, settings=SETTINGS, seed=0)
    assert "fewer than 10 positives or negatives that all readers read" in few[0].reason
    assert math.isnan(few[-1].sensitivity_delta)
    assert not few[0].noninferior
    alone = against_readers(truth, scores, {"reader 1": readers["reader 1"]}, settings=SETTINGS, seed=0)
    assert [one.reader for one in alone] == ["reader 1"]


def test_readings_that_cannot_be_used_are_refused():
    truth, scores, readers = invented()
    with pytest.raises(ConfigurationError, match="1, 0 or empty"):
        against_readers(truth, scores, {"reader 1": readers["reader 1"] * 2}, settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="more than once"):
        against_readers(truth, scores, {"reader 1": pd.concat([truth, truth])}, settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="must be numbers"):
        against_readers(truth, scores, {"reader 1": truth.replace({1.0: "yes"})}, settings=SETTINGS, seed=0)
    for none in ({}, {"reader 1": truth.rename(columns={"edema": "Edema"})}):
        with pytest.raises(ConfigurationError, match="no label in common"):
            against_readers(truth, scores, none, settings=SETTINGS, seed=0)


def test_real_radiologists_on_the_chexpert_test_set(shared_data):
    """One of the challenge's best models beside the three radiologists whose readings are no part of the truth."""

    def table(name):
        return pd.read_csv(shared_data / "stats" / f"chexpert_test_{name}.csv", index_col=0)

    scores = table("hieupham")
    readers = {name: table(f"radiologist_{name}") for name in ("bc4", "bc6", "bc8")}
    found = against_readers(table("truth")[scores.columns], scores, readers, settings=SETTINGS, seed=0)
    assert len(found) == 5 * 4
    means = {one.label: one for one in found if one.reader is None}
    assert means["Cardiomegaly"].noninferior
    assert not means["Consolidation"].noninferior  # 29 positives show nothing
    assert means["Cardiomegaly"].model_sensitivity > means["Cardiomegaly"].sensitivity

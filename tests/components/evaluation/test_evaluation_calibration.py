"""Calibration makes probabilities mean what they say, keeps the order, and leaves alone what it cannot judge."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from scipy import special
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from components.errors import ModelError
from components.evaluation import Calibration, IsotonicMap, LogitMap, area, fit_calibration
from components.settings import CalibrationMethod


def overconfident(studies=4000, *, seed=0, slope=0.4, offset=-1.5):
    """Scores whose logit is 1 / slope times too far out and shifted; truth drawn from the true probability."""
    random = np.random.default_rng(seed)
    logits = random.normal(scale=3, size=studies)
    truth = (random.random(studies) < special.expit(slope * logits + offset)).astype(float)
    index = pd.Index([f"2.25.{n}" for n in range(studies)], name="study")
    return (
        pd.DataFrame({"edema": truth, "fracture": 0.0}, index=index),
        pd.DataFrame({"edema": special.expit(logits), "fracture": 0.2}, index=index),
    )


def test_platt_finds_the_line_that_the_scores_were_drawn_from():
    truth, scores = overconfident(20_000)
    found = fit_calibration(truth, scores, CalibrationMethod.PLATT).maps["edema"]
    assert isinstance(found, LogitMap)
    assert (found.slope, found.intercept) == pytest.approx((0.4, -1.5), abs=0.06)
    apart = LogisticRegression(C=np.inf, tol=1e-10).fit(special.logit(scores[["edema"]]), truth["edema"])
    assert found.slope == pytest.approx(apart.coef_[0, 0], abs=2e-3)  # but for Platt's softened targets
    assert found.intercept == pytest.approx(apart.intercept_[0], abs=2e-3)


def test_temperature_has_a_slope_alone_and_isotonic_is_the_rising_regression():
    truth, scores = overconfident(offset=0.0)
    found = fit_calibration(truth, scores, CalibrationMethod.TEMPERATURE).maps["edema"]
    assert isinstance(found, LogitMap)
    assert found.slope == pytest.approx(0.4, abs=0.05)
    assert found.intercept == 0
    stairs = fit_calibration(truth, scores, CalibrationMethod.ISOTONIC)
    fitted = IsotonicRegression(out_of_bounds="clip").fit(scores["edema"], truth["edema"])
    asked = np.linspace(0, 1, 50)
    assert stairs.apply_to("edema", asked) == pytest.approx(fitted.predict(asked))


@pytest.mark.parametrize("method", [CalibrationMethod.PLATT, CalibrationMethod.TEMPERATURE])
def test_the_order_of_scores_and_so_the_auc_stays(method):
    truth, scores = overconfident(800)
    scores = scores.astype(np.float32).astype(float)  # as a network gives them
    calibrated = fit_calibration(truth, scores, method).apply(scores)
    assert (calibrated.index == scores.index).all()
    assert not np.allclose(calibrated["edema"], scores["edema"])
    positive = truth["edema"].to_numpy() == 1
    before, after = (area(positive, table["edema"].to_numpy()) for table in (scores, calibrated))
    assert (before.auc, before.variance) == (after.auc, after.variance)


@given(
    st.lists(st.integers(0, 2**24), min_size=2, max_size=20, unique=True),
    st.floats(0.05, 2),
    st.floats(-4, 4),
)
def test_no_two_float32_probabilities_change_places(drawn, slope, intercept):
    scores = np.sort(np.array(drawn) / 2**24)
    mapped = LogitMap(slope=slope, intercept=intercept)(scores)
    assert (np.diff(mapped) > 0).all()
    assert ((mapped >= 0) & (mapped <= 1)).all()


def test_completely_separated_classes_give_a_finite_line():
    index = [f"S{n}" for n in range(40)]
    truth = pd.DataFrame({"edema": [0.0] * 20 + [1.0] * 20}, index=index)
    scores = pd.DataFrame({"edema": np.linspace(0.1, 0.9, 40)}, index=index)
    found = fit_calibration(truth, scores, CalibrationMethod.PLATT)
    assert 1 < found.maps["edema"].slope < 100
    assert found.apply(scores)["edema"].between(0, 1, inclusive="neither").all()


def test_labels_that_cannot_be_calibrated_keep_their_scores_and_say_why():
    truth, scores = overconfident(400)
    truth["oedema upside down"], scores["oedema upside down"] = truth["edema"], 1 - scores["edema"]
    truth["all alike"], scores["all alike"] = truth["edema"], 0.5
    found = fit_calibration(truth, scores, CalibrationMethod.PLATT)
    reasons = {label: one.reason for label, one in found.maps.items()}
    assert reasons["edema"] is None
    assert "fewer than 10 positives" in reasons["fracture"]
    assert "higher score does not mean" in reasons["oedema upside down"]
    assert "all scores are alike" in reasons["all alike"]
    kept = ["fracture", "oedema upside down", "all alike"]
    assert found.apply(scores)[kept].equals(scores[kept])
    assert fit_calibration(truth, scores, CalibrationMethod.NONE) == Calibration()


def test_scores_that_are_no_probabilities_are_refused_with_the_count():
    truth, scores = overconfident(400)
    scores.iloc[:3, 0] = 1.2
    with pytest.raises(ModelError, match="scores of 3 of 400 studies are outside"):
        fit_calibration(truth, scores, CalibrationMethod.PLATT)


def test_it_survives_a_bundle_and_refuses_maps_that_fall():
    truth, scores = overconfident(400)
    for method in CalibrationMethod:
        found = fit_calibration(truth, scores, method)
        assert Calibration.model_validate_json(found.model_dump_json()) == found
    with pytest.raises(ValidationError, match="must rise"):
        IsotonicMap(scores=(0.1, 0.2), observed=(0.5, 0.4))
    with pytest.raises(ValidationError):
        LogitMap(slope=-1)

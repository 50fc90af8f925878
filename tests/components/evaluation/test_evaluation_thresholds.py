"""Thresholds: by each use the best there is, and undefined where there is none."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation import choose_thresholds
from components.findings import FINDINGS, Finding
from components.settings import ThresholdSettings, Use

COLUMNS = [finding.value for finding in FINDINGS]


def youden(truth, scores, threshold):
    return (scores[truth] >= threshold).mean() - (scores[~truth] >= threshold).mean()


def shares(truth, scores, threshold):
    return (scores[truth] >= threshold).mean(), (scores[~truth] < threshold).mean()


def repeated(*columns):
    """The same column for every finding."""
    return [pd.DataFrame(np.tile(np.array(values, float)[:, None], 14), columns=COLUMNS) for values in columns]


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=40),
    st.sampled_from([0.5, 0.7, 0.9, 0.95, 1.0]),
)
def test_no_threshold_of_the_sensitivity_asked_for_is_more_specific_and_the_other_way_round(drawn, asked):
    truth, scores = np.array([case[0] for case in drawn]), np.array([case[1] / 8 for case in drawn])
    if truth.all() or not truth.any():
        return
    settings = ThresholdSettings(
        use=Use.TRIAGE, uses={Finding.FRACTURE: Use.CONFIRMATION}, sensitivity=asked, specificity=asked
    )
    found = choose_thresholds(*repeated(truth, scores), settings)
    every = [shares(truth, scores, level) for level in scores]
    sensitivity, specificity = shares(truth, scores, found[Finding.EDEMA])
    assert sensitivity >= asked
    assert specificity == max(spared for hit, spared in every if hit >= asked)
    fitting = [hit for hit, spared in every if spared >= asked and hit > 0]
    if not fitting:
        assert found[Finding.FRACTURE] is None
        return
    sensitivity, specificity = shares(truth, scores, found[Finding.FRACTURE])
    assert specificity >= asked
    assert sensitivity == max(fitting)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=40))
def test_no_other_threshold_has_a_larger_youden_index(drawn):
    truth, scores = np.array([case[0] for case in drawn]), np.array([case[1] / 8 for case in drawn])
    found = choose_thresholds(*repeated(truth, scores))[Finding.EDEMA]
    if truth.all() or not truth.any():
        assert found is None
        return
    best = max(youden(truth, scores, level) for level in scores)
    assert abs(youden(truth, scores, found) - best) < 1e-12


def test_a_threshold_lies_between_scores_and_ignores_unjudged_studies():
    truth = pd.DataFrame(0.0, index=list("abcde"), columns=COLUMNS)
    scores = pd.DataFrame(0.1, index=list("abcde"), columns=COLUMNS)
    truth["edema"] = [1, 1, 0, 0, np.nan]
    scores["edema"] = [0.9, 0.7, 0.5, 0.2, 0.99]
    found = choose_thresholds(truth, scores)
    assert found[Finding.EDEMA] == 0.6
    assert found[Finding.FRACTURE] is None
    assert list(found) == list(FINDINGS)

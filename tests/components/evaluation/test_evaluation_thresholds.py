"""Thresholds: the Youden index is the best there is, and undefined without both classes."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation import choose_thresholds
from components.findings import FINDINGS, Finding

COLUMNS = [finding.value for finding in FINDINGS]


def youden(truth, scores, threshold):
    return (scores[truth] >= threshold).mean() - (scores[~truth] >= threshold).mean()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=4, max_size=40))
def test_no_other_threshold_has_a_larger_youden_index(drawn):
    truth, scores = np.array([case[0] for case in drawn]), np.array([case[1] / 8 for case in drawn])
    tables = [pd.DataFrame(np.tile(values[:, None], 14), columns=COLUMNS) for values in (truth.astype(float), scores)]
    found = choose_thresholds(*tables)[Finding.EDEMA]
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

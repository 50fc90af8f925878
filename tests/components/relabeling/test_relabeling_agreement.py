"""Agreement of readers: against a published example and against scikit-learn; undefined where nothing can differ."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from components.relabeling import Level, agreement, cohen_kappa, krippendorff_alpha

NAN = math.nan
# Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C: four observers, twelve units.
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
    [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
]
WORDS = st.lists(st.tuples(st.sampled_from([-1, 0, 1]), st.sampled_from([-1, 0, 1])), min_size=2, max_size=60)


@settings(deadline=None)  # a busy machine
@given(WORDS)
def test_kappa_is_scikit_learns(pairs: list[tuple[int, int]]) -> None:
    first, second = np.array(pairs).T
    if len(set(first) | set(second)) == 1:
        assert math.isnan(cohen_kappa(first, second))
    else:
        assert cohen_kappa(first, second) == pytest.approx(cohen_kappa_score(first, second), abs=1e-9)


def test_alpha_is_krippendorffs_own() -> None:
    ratings = np.array(PUBLISHED).T
    assert krippendorff_alpha(ratings) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(ratings, Level.ORDINAL) == pytest.approx(0.815, abs=5e-4)


def test_alpha_weighs_a_far_difference_more_when_ratings_have_an_order() -> None:
    near, far = [[0, 0], [1, 1], [2, 2], [0, 1]], [[0, 0], [1, 1], [2, 2], [0, 2]]
    assert krippendorff_alpha(near, Level.ORDINAL) > krippendorff_alpha(far, Level.ORDINAL)
    assert krippendorff_alpha(near) == pytest.approx(krippendorff_alpha([[0, 0], [1, 1], [2, 2], [1, 0]]))


def test_agreement_that_cannot_fail_is_undefined_and_not_perfect() -> None:
    assert math.isnan(cohen_kappa([], []))
    assert math.isnan(krippendorff_alpha([[1, 1], [1, 1]]))
    assert math.isnan(krippendorff_alpha([[1, NAN], [NAN, 0]]))
    assert krippendorff_alpha([[1, 1], [0, 0]]) == cohen_kappa([1, 0], [1, 0]) == 1


def test_a_finding_counts_the_studies_that_two_have_read() -> None:
    words = pd.DataFrame(
        {
            "study": ["s1", "s1", "s2", "s2", "s3", "s4", "s4", "s4"],
            "author": ["R1", "R2", "R1", "R2", "R1", "R1", "R2", "R3"],
            "code": [1, 1, 0, 1, 0, 0, 0, 0],
        }
    ).assign(finding="edema")
    found = agreement(words).loc["edema"]
    assert (found["studies"], found["same"]) == (3, pytest.approx(2 / 3))
    assert found["kappa"] == pytest.approx(cohen_kappa_score([1, 0, 0], [1, 1, 0])), "the pairs with R3 are undefined"
    assert -1 < found["alpha"] < 1


def test_nobody_read_anything_twice() -> None:
    words = pd.DataFrame({"study": ["s"], "author": ["R1"], "code": [1], "finding": ["edema"]})
    assert agreement(words).empty
    assert agreement(words.iloc[:0]).empty

"""Holds the hierarchy of Irvin et al. 2019 and No Finding's consistency, for any codes."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from components.errors import DataQualityError
from components.findings import FINDINGS, PARENTS, Finding
from components.labels import propagate

COLUMNS = [finding.value for finding in FINDINGS]


def codes(**given: int) -> pd.DataFrame:
    return pd.DataFrame([[given.get(column, -2) for column in COLUMNS]], columns=COLUMNS, index=["s"]).astype("int8")


def test_pneumonia_makes_consolidation_and_opacity_present() -> None:
    table = propagate(codes(pneumonia=1, consolidation=0, lung_opacity=-1, no_finding=1))
    assert table.loc["s", ["pneumonia", "consolidation", "lung_opacity", "no_finding"]].tolist() == [1, 1, 1, 0]


def test_uncertain_child_leaves_its_parent() -> None:
    assert propagate(codes(pneumonia=-1)).loc["s", ["consolidation", "no_finding"]].tolist() == [-2, 0]


def test_devices_alone_leave_no_finding() -> None:
    assert propagate(codes(support_devices=1, no_finding=1)).loc["s", "no_finding"] == 1


def test_unknown_code_or_missing_column_is_refused() -> None:
    with pytest.raises(DataQualityError, match="another number"):
        propagate(codes(edema=-4))
    with pytest.raises(DataQualityError, match="lacks 1 of 14"):
        propagate(codes().drop(columns="edema"))


def test_a_parent_that_is_not_labelled_stays_so_and_lets_its_own_parent_know() -> None:
    table = propagate(codes(pneumonia=1, consolidation=-3, cardiomegaly=1, enlarged_cardiomediastinum=-3))
    assert table.loc["s", ["consolidation", "enlarged_cardiomediastinum", "lung_opacity"]].tolist() == [-3, -3, 1]
    assert propagate(codes(no_finding=-3, edema=1)).loc["s", "no_finding"] == -3


@settings(deadline=None)  # a busy machine
@given(hnp.arrays(np.int8, st.tuples(st.integers(0, 8), st.just(14)), elements=st.integers(-3, 1)))
def test_result_is_consistent_and_stays_so(values: np.ndarray) -> None:
    before = pd.DataFrame(values, columns=COLUMNS)
    after = propagate(before)
    for child, parent in PARENTS.items():
        assert after.loc[after[child.value] == 1, parent.value].isin([1, -3]).all()
    diseases = [f.value for f in FINDINGS if f not in {Finding.NO_FINDING, Finding.SUPPORT_DEVICES}]
    diseased = after[diseases].isin([1, -1]).any(axis=1)
    assert after.loc[diseased, "no_finding"].isin([0, -3]).all()
    assert ((before == -3) == (after == -3)).all(axis=None)
    assert ((before == 1) <= (after == 1)).drop(columns="no_finding").all(axis=None)
    pd.testing.assert_frame_equal(propagate(after), after)

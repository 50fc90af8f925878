"""Every action that the standard's table and the simulator's planted identities require of its export is right."""

from pathlib import Path

import pytest

from benchmarks._required import Category
from benchmarks.actions import clean, score
from components.simulator import Site, write_hospital


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("hospital")
    write_hospital(out, studies=40, seed=11, site=Site.LOCAL, size=64)
    return out


def test_all_required_actions_are_right(hospital, tmp_path):
    clean(hospital / "export" / "dicom", tmp_path)
    result = score(hospital, tmp_path)
    assert not result.wrong
    assert all(result.required[category] for category in Category)
    assert result.required.total() > 4000


def test_files_left_as_they_were_have_few_right_actions(hospital):
    result = score(hospital, hospital / "export" / "dicom")
    changing = {category for category in Category if category not in RETAINING}
    assert all(result.right[category] < result.required[category] / 2 for category in changing)


RETAINING = {Category.TAG_RETAINED, Category.TEXT_RETAINED, Category.PIXELS_RETAINED, Category.TEXT_NOT_NULL}

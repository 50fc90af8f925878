"""Holds that a sample is drawn by patient from the training side alone, and that small samples lie in large ones."""

from pathlib import Path

import numpy as np
import pytest
from catalogued_hospital import Hospital
from upath import UPath

from components.catalog import Side, View
from components.datasets import Snapshot, freeze, sample
from components.errors import SnapshotError
from components.settings import SplitSettings, UncertainPolicy


@pytest.fixture
def whole(small_hospital: Hospital, tmp_path: Path) -> Snapshot:
    return freeze(
        small_hospital.catalog,
        store=UPath(small_hospital.store),
        site="local",
        folder=tmp_path / "whole",
        size=32,
        split=SplitSettings(),
        uncertain=UncertainPolicy.SOFT,
        seed=0,
        preprocessing="1",
    )


def test_a_sample_holds_so_many_frontal_training_images_with_a_fifth_to_validate_by(
    whole: Snapshot, tmp_path: Path
) -> None:
    few = sample(whole, tmp_path / "few", images=15, seed=1)
    rows = few.manifest
    assert len(rows) == len(few.pixels) == 15
    assert set(rows["image"]) <= set(whole.rows(Side.TRAIN)["image"])
    assert View.LATERAL.value not in set(rows["view"])
    assert 1 <= len(few.rows(Side.VALIDATION)) <= 4
    assert few.rows(Side.TEST).empty
    assert rows.groupby("patient")["side"].nunique().max() == 1


def test_each_picture_goes_with_its_own_row(whole: Snapshot, tmp_path: Path) -> None:
    few = sample(whole, tmp_path / "few", images=10, seed=1)
    places = whole.manifest.set_index("image")["row"].loc[few.manifest["image"]].to_numpy()
    assert np.array_equal(few.pixels[:], whole.pixels[places])


def test_with_one_seed_a_small_sample_lies_in_a_large_one_and_with_another_it_differs(
    whole: Snapshot, tmp_path: Path
) -> None:
    small, large, other = (
        set(sample(whole, tmp_path / f"{images}-{seed}", images=images, seed=seed).manifest["image"])
        for images, seed in ((8, 1), (16, 1), (8, 2))
    )
    assert small < large
    assert small != other


def test_more_images_than_there_are_and_a_single_patient_are_refused(whole: Snapshot, tmp_path: Path) -> None:
    most = len(whole.rows(Side.TRAIN))
    with pytest.raises(SnapshotError, match=f"2 to {most} images"):
        sample(whole, tmp_path / "few", images=most + 1, seed=0)
    with pytest.raises(SnapshotError):
        sample(whole, tmp_path / "few", images=1, seed=0)
    assert not (tmp_path / "few").exists()

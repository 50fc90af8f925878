"""Holds: a window of time and a least number of positives shape what is learned, never who is locked or judged."""

import json
import logging
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path

import pandas as pd
import pytest
from catalogued_hospital import Hospital

from components.catalog import Side
from components.datasets import Snapshot, freeze
from components.findings import Finding
from components.settings import SplitSettings, UncertainPolicy

_NEWEST = date(2025, 12, 31)


@pytest.fixture
def long_hospital(hospital: Hospital) -> Hospital:
    """60 patients' studies, one every ten days; every third with an edema, two with a fracture."""
    for number in range(60):
        hospital.add(
            number,
            present=(Finding.FRACTURE,) if number in (7, 23) else (Finding.EDEMA,) if number % 3 == 0 else (),
            day=_NEWEST - timedelta(days=10 * number),
        )
    return hospital


def _frozen(hospital: Hospital, folder: Path, **split: object) -> Snapshot:
    return freeze(
        hospital.catalog,
        store=hospital.store,
        site="local",
        folder=folder,
        size=16,
        split=SplitSettings(**split),
        uncertain=UncertainPolicy.SOFT,
        seed=0,
        preprocessing="1",
    )


def _dates(snapshot: Snapshot, *sides: Side) -> pd.Series:
    return snapshot.manifest.loc[snapshot.manifest["side"].isin([side.value for side in sides]), "date"]


def test_a_window_shortens_training_and_leaves_the_locked_side_whole(long_hospital: Hospital, tmp_path: Path) -> None:
    whole = _frozen(long_hospital, tmp_path / "whole")
    rolling = _frozen(long_hospital, tmp_path / "rolling", window_days=200)
    since = _frozen(long_hospital, tmp_path / "since", since=_NEWEST - timedelta(days=200))
    edge = pd.Timestamp(_NEWEST - timedelta(days=200))
    learned = (Side.TRAIN, Side.VALIDATION)
    assert _dates(rolling, *learned).min() >= edge > _dates(whole, *learned).min()
    assert len(_dates(rolling, *learned)) == (_dates(whole, *learned) >= edge).sum() > 0
    assert rolling.manifest["image"].tolist() == since.manifest["image"].tolist()
    locked = [frozen.rows(Side.TEST)["image"].tolist() for frozen in (whole, rolling)]
    assert locked[0] == locked[1]
    assert len(long_hospital.catalog.sides("local")) == 60, "who is outside the window has a side as well"


def test_a_windows_snapshot_is_the_same_from_the_same_catalog_and_seed(long_hospital: Hospital, tmp_path: Path) -> None:
    first, again = (_frozen(long_hospital, tmp_path / name, window_days=300) for name in ("first", "again"))
    assert first.hash == again.hash == Snapshot.open(tmp_path / "again").hash
    assert first.hash != _frozen(long_hospital, tmp_path / "other", window_days=310).hash


def test_undated_studies_are_in_every_window(hospital: Hospital, tmp_path: Path) -> None:
    for number in range(10):
        hospital.add(number, day=None if number % 2 else _NEWEST)
    assert len(_frozen(hospital, tmp_path / "snapshot", window_days=10).manifest) == 10


def test_a_finding_with_too_few_positives_is_out_of_the_loss_and_still_judged(
    long_hospital: Hospital, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        snapshot = _frozen(long_hospital, tmp_path / "snapshot", min_positives=5)
    masked = snapshot.record.masked
    assert masked is not None
    assert masked.keys() >= {"fracture", "pneumothorax"}
    assert "edema" not in masked
    assert f"fracture ({masked['fracture']})" in caplog.text
    assert (snapshot.manifest["weight_fracture"] == 0).all()
    assert (snapshot.manifest["weight_edema"] == 1).all()
    assert not snapshot.truth(Side.TEST)["fracture"].isna().any()
    assert json.loads((tmp_path / "snapshot" / "snapshot.json").read_text())["masked"] == masked


def test_a_snapshot_of_an_earlier_version_keeps_its_hash(long_hospital: Hospital, tmp_path: Path) -> None:
    _frozen(long_hospital, tmp_path / "snapshot")
    file = tmp_path / "snapshot" / "snapshot.json"
    facts = json.loads(file.read_text())
    del facts["masked"], facts["origin"]["published"]
    for setting in ("window_days", "since", "min_positives"):
        del facts["origin"]["split"][setting]
    earlier = facts.pop("hash")
    recorded = {name: value for name, value in facts.items() if name != "manifest_file"}
    assert sha256(json.dumps(recorded, sort_keys=True).encode()).hexdigest() == earlier
    file.write_text(json.dumps({"hash": earlier, **facts}))
    assert Snapshot.open(tmp_path / "snapshot").hash == earlier

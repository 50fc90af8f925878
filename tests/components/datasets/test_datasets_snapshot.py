"""Holds: a snapshot says what the catalog said, comes out the same again, and shows every alteration."""

from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from catalogued_hospital import NOW, Hospital
from PIL import Image
from upath import UPath

from components.catalog import Reading, Side, View
from components.datasets import Snapshot, freeze, write_snapshot
from components.errors import ConfigurationError, SnapshotError, StorageError
from components.findings import FINDINGS, Assertion, Finding
from components.settings import SplitSettings, UncertainPolicy


def _frozen(hospital: Hospital, folder: Path, *, size: int = 48, seed: int = 0) -> Snapshot:
    return freeze(
        hospital.catalog,
        store=hospital.store,
        site="local",
        folder=folder,
        size=size,
        split=SplitSettings(),
        uncertain=UncertainPolicy.SOFT,
        seed=seed,
        preprocessing="1",
    )


def test_manifest_and_pictures_are_what_catalog_and_store_hold(small_hospital: Hospital, tmp_path: Path) -> None:
    snapshot = _frozen(small_hospital, tmp_path / "snapshot")
    manifest = snapshot.manifest
    assert manifest["row"].tolist() == list(range(48 + 10))
    assert (manifest["source"] == "labeler").all()
    assert snapshot.pixels.shape == (58, 48, 48)
    keys = small_hospital.catalog.images("local").set_index("image")["input_key"]
    for row, image in manifest.set_index("row")["image"].items():
        assert (snapshot.pixels[row] == np.asarray(Image.open(small_hospital.store / keys[image]))).all()
    edema = manifest.set_index("study")["label_edema"]
    assert edema["2.25.0003"] == 1
    assert edema["2.25.0004"] == -2
    assert manifest.set_index("study").loc["2.25.0003", "target_lung_opacity"] == 1  # edema's parent
    assert manifest.set_index("study")["patient_class"]["2.25.0003":"2.25.0004"].tolist() == ["outpatient", "inpatient"]


def test_no_patient_is_on_two_sides_and_the_catalog_remembers(small_hospital: Hospital, tmp_path: Path) -> None:
    snapshot = _frozen(small_hospital, tmp_path / "first")
    assert (snapshot.manifest.groupby("patient")["side"].nunique() == 1).all()
    first = small_hospital.catalog.sides("local")
    assert first == {p: Side(s) for p, s in zip(snapshot.manifest["patient"], snapshot.manifest["side"], strict=True)}
    for number in range(100, 130):
        small_hospital.add(number, present=(Finding.FRACTURE,))
    _frozen(small_hospital, tmp_path / "second", seed=7)
    second = small_hospital.catalog.sides("local")
    assert len(second) == 70
    assert all(second[patient] is side for patient, side in first.items())


def test_same_catalog_and_seed_give_the_same_hash(small_hospital: Hospital, tmp_path: Path) -> None:
    first = _frozen(small_hospital, tmp_path / "first")
    again = _frozen(small_hospital, tmp_path / "again")
    assert again.hash == first.hash == Snapshot.open(tmp_path / "again").hash
    small_hospital.say("2.25.0001", {Finding.FRACTURE: Assertion.PRESENT}, reader="R1")
    assert _frozen(small_hospital, tmp_path / "later").hash != first.hash


def test_readers_word_is_the_label_and_is_named_as_source(hospital: Hospital, tmp_path: Path) -> None:
    for number in range(4):
        hospital.add(number, present=(Finding.EDEMA,))
    unreported = hospital.add(10, reported=False)
    ignored = hospital.add(11, reported=False)
    hospital.say("2.25.0000", {Finding.EDEMA: Assertion.ABSENT}, reader="R1")
    hospital.say(unreported, {Finding.FRACTURE: Assertion.PRESENT}, reader="R1")
    manifest = _frozen(hospital, tmp_path / "snapshot").manifest.set_index("study")
    assert manifest.loc["2.25.0000", ["label_edema", "source"]].tolist() == [0, "reader"]
    assert manifest.loc[unreported, ["label_fracture", "source"]].tolist() == [1, "reader"]
    assert ignored not in manifest.index


def test_an_older_labelers_words_are_not_named_once_a_newer_one_read_all_again(
    small_hospital: Hospital, tmp_path: Path
) -> None:
    studies = small_hospital.catalog.studies("local")["study"].tolist()
    for number, study in enumerate(studies):
        again = dict.fromkeys(FINDINGS, Assertion.ABSENT)
        small_hospital.say(study, again, labeler="labeler-2", at=NOW + timedelta(days=1))
        if number == 0:
            half = _frozen(small_hospital, tmp_path / "half").record.origin.labelers
    assert half == ("labeler-1", "labeler-2")
    assert _frozen(small_hospital, tmp_path / "whole").record.origin.labelers == ("labeler-2",)


def test_rows_and_truth_of_a_side(small_hospital: Hospital, tmp_path: Path) -> None:
    small_hospital.say("2.25.0000", {Finding.PNEUMOTHORAX: Assertion.UNCERTAIN}, reader="R1")
    snapshot = _frozen(small_hospital, tmp_path / "snapshot")
    side = Side(snapshot.manifest.set_index("study").loc["2.25.0000", "side"].iloc[0])
    frontal, every = snapshot.rows(side), snapshot.rows(side, frontal=False)
    assert set(frontal["view"]) <= {"PA", "AP"}
    assert View.LATERAL.value in set(every["view"])
    truth = snapshot.truth(side)
    assert truth.columns.tolist() == [finding.value for finding in FINDINGS]
    assert truth.index.tolist() == sorted(set(frontal["study"]))
    assert np.isnan(truth.loc["2.25.0000", "pneumothorax"])
    assert truth.loc["2.25.0000", "edema"] == 1
    assert truth.loc["2.25.0000", "fracture"] == 0


def test_an_open_snapshot_equals_the_frozen_one(small_hospital: Hospital, tmp_path: Path) -> None:
    frozen = _frozen(small_hospital, tmp_path / "snapshot")
    opened = Snapshot.open(UPath(tmp_path / "snapshot"))
    pd.testing.assert_frame_equal(opened.manifest, frozen.manifest)
    assert (np.asarray(opened.pixels) == np.asarray(frozen.pixels)).all()


def test_pictures_of_another_size_are_resized(small_hospital: Hospital, tmp_path: Path) -> None:
    snapshot = _frozen(small_hospital, tmp_path / "snapshot", size=24)
    assert snapshot.pixels.shape == (58, 24, 24)
    full = _frozen(small_hospital, tmp_path / "full")
    blocks = np.asarray(full.pixels).reshape(58, 24, 2, 24, 2).mean(axis=(2, 4))
    assert np.abs(blocks - np.asarray(snapshot.pixels)).max() <= 1


@pytest.mark.parametrize("name", ["pixels-00000.npy", "manifest.parquet", "snapshot.json"])
def test_altered_and_missing_files_are_refused(small_hospital: Hospital, tmp_path: Path, name: str) -> None:
    _frozen(small_hospital, tmp_path / "snapshot")
    file = tmp_path / "snapshot" / name
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(SnapshotError):
        Snapshot.open(tmp_path / "snapshot")
    file.unlink()
    with pytest.raises(SnapshotError, match=name):
        Snapshot.open(tmp_path / "snapshot")


def test_a_changed_label_in_a_sound_manifest_file_is_found(small_hospital: Hospital, tmp_path: Path) -> None:
    snapshot = _frozen(small_hospital, tmp_path / "snapshot")
    forged = snapshot.manifest.copy()
    forged.loc[0, "label_edema"] = 0
    file = tmp_path / "snapshot" / "manifest.parquet"
    forged.to_parquet(file, index=False)
    record = tmp_path / "snapshot" / "snapshot.json"
    record.write_text(record.read_text().replace(snapshot.record.manifest_file, sha256(file.read_bytes()).hexdigest()))
    with pytest.raises(SnapshotError, match="altered"):
        Snapshot.open(tmp_path / "snapshot")


def test_a_failed_freeze_leaves_neither_folder_nor_sides(small_hospital: Hospital, tmp_path: Path) -> None:
    key = small_hospital.catalog.images("local")["input_key"].iloc[3]
    (small_hospital.store / key).write_bytes(b"\x89PNG no picture")
    with pytest.raises(StorageError, match="ingest it again"):
        _frozen(small_hospital, tmp_path / "snapshots" / "first")
    assert list((tmp_path / "snapshots").iterdir()) == []
    assert small_hospital.catalog.sides("local") == {}


def test_a_frozen_folder_is_not_frozen_over(small_hospital: Hospital, tmp_path: Path) -> None:
    _frozen(small_hospital, tmp_path / "snapshot")
    with pytest.raises(SnapshotError, match="never changed"):
        _frozen(small_hospital, tmp_path / "snapshot")


def test_without_labelled_studies_there_is_no_snapshot(hospital: Hospital, tmp_path: Path) -> None:
    hospital.add(0, reported=False)
    with pytest.raises(SnapshotError, match="no study"):
        _frozen(hospital, tmp_path / "snapshot")


def test_a_folder_in_an_object_store_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="local"):
        Snapshot.open(UPath("memory://snapshots/one"))


def test_progress_counts_every_picture(small_hospital: Hospital, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    freeze(
        small_hospital.catalog,
        store=small_hospital.store,
        site="local",
        folder=tmp_path / "snapshot",
        size=32,
        split=SplitSettings(),
        uncertain=UncertainPolicy.IGNORE,
        seed=0,
        preprocessing="1",
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(done, 58) for done in range(1, 59)]


def test_pictures_are_read_across_shards(small_hospital: Hospital, tmp_path: Path) -> None:
    whole = _frozen(small_hospital, tmp_path / "whole")
    pictures = np.asarray(whole.pixels)
    parts = write_snapshot(
        tmp_path / "parts",
        manifest=whole.manifest,
        pictures=[pictures[:20], pictures[20:21], pictures[21:]],
        origin=whole.record.origin,
    )
    assert [shard.images for shard in parts.record.shards] == [20, 1, 37]
    rows = np.array([57, 0, 20, 19, 21, 20])
    assert (parts.pixels[rows] == pictures[rows]).all()
    assert (parts.pixels[-1] == pictures[-1]).all()
    assert (parts.pixels[18:23] == pictures[18:23]).all()
    assert (parts.pixels[parts.manifest["view"].to_numpy() == "AP"] == pictures[whole.manifest["view"] == "AP"]).all()
    with pytest.raises(IndexError):
        parts.pixels[58]


def test_a_picture_that_its_reader_could_not_read_is_left_out(hospital: Hospital, tmp_path: Path) -> None:
    kept, left_out = hospital.add(0), hospital.add(1)
    form = Reading(
        study=left_out, image=f"{left_out}.PA", author="R1", at=NOW, key="k",
        quality=None, readable=False, wrong_view=False, withdrawn=False, boxes=(),
    )  # fmt: skip
    hospital.catalog.add_readings([form])
    assert _frozen(hospital, tmp_path / "snapshot").manifest["study"].tolist() == [kept]

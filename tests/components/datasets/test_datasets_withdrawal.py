"""A frozen snapshot with a patient who withdrew consent is found, opened no more, and loses its pictures on request."""

from pathlib import Path

import pytest
from catalogued_hospital import NOW, Hospital

from components.datasets import Snapshot, freeze, put_out_of_use, remove_pictures, snapshots_holding
from components.errors import SnapshotError, StorageError
from components.settings import SplitSettings, UncertainPolicy


@pytest.fixture
def frozen(small_hospital: Hospital, tmp_path: Path) -> Snapshot:
    return freeze(
        small_hospital.catalog,
        store=small_hospital.store,
        site="local",
        folder=tmp_path / "runs" / "one" / "snapshot",
        size=32,
        split=SplitSettings(),
        uncertain=UncertainPolicy.SOFT,
        seed=1,
        preprocessing="1",
    )


def test_the_snapshots_that_hold_a_patient_are_found(frozen: Snapshot) -> None:
    patient, side = frozen.manifest[["patient", "side"]].iloc[0]
    (found,) = snapshots_holding(patient, [frozen.folder])
    assert (found.folder, found.hash, found.side) == (frozen.folder, frozen.hash, side)
    assert snapshots_holding("P9999", [frozen.folder]) == []
    assert snapshots_holding(patient, [frozen.folder.parent]) == [], "no snapshot lies there"


def test_out_of_use_it_cannot_be_opened_and_without_pictures_it_holds_nobody(frozen: Snapshot) -> None:
    (found,) = snapshots_holding(frozen.manifest["patient"].iloc[0], [frozen.folder])
    put_out_of_use(found, NOW)
    with pytest.raises(SnapshotError, match="withdrew consent"):
        Snapshot.open(frozen.folder)
    remove_pictures(found)
    assert {file.name for file in frozen.folder.iterdir()} == {"snapshot.json", "withdrawn.json"}
    assert snapshots_holding(frozen.manifest["patient"].iloc[0], [frozen.folder]) == []
    with pytest.raises(SnapshotError, match="withdrew consent"):
        Snapshot.open(frozen.folder)


def test_a_snapshot_that_cannot_be_read_is_not_taken_for_one_without_the_patient(frozen: Snapshot) -> None:
    (frozen.folder / "manifest.parquet").write_bytes(b"broken")
    with pytest.raises(StorageError, match="of run one cannot be read"):
        snapshots_holding("P0001", [frozen.folder])

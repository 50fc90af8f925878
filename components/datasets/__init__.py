"""Frozen snapshots of the catalog, the split that keeps each patient on one side, importers of published datasets."""

from components.datasets._decode import decode
from components.datasets._freeze import freeze
from components.datasets._importing import ImportResult, import_dataset
from components.datasets._pixels import Pixels
from components.datasets._record import Origin, Shard, SnapshotRecord
from components.datasets._sample import sample
from components.datasets._snapshot import Snapshot
from components.datasets._split import assign_sides
from components.datasets._withdrawal import HoldingSnapshot, put_out_of_use, remove_pictures, snapshots_holding
from components.datasets._write import write_snapshot

__all__ = [
    "HoldingSnapshot",
    "ImportResult",
    "Origin",
    "Pixels",
    "Shard",
    "Snapshot",
    "SnapshotRecord",
    "assign_sides",
    "decode",
    "freeze",
    "import_dataset",
    "put_out_of_use",
    "remove_pictures",
    "sample",
    "snapshots_holding",
    "write_snapshot",
]

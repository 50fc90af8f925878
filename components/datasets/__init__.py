"""Frozen snapshots of the catalog, and the split that keeps each patient on one side."""

from components.datasets._freeze import freeze
from components.datasets._pixels import Pixels
from components.datasets._record import Origin, Shard, SnapshotRecord
from components.datasets._snapshot import Snapshot
from components.datasets._split import assign_sides
from components.datasets._withdrawal import HoldingSnapshot, put_out_of_use, remove_pictures, snapshots_holding
from components.datasets._write import write_snapshot

__all__ = [
    "HoldingSnapshot",
    "Origin",
    "Pixels",
    "Shard",
    "Snapshot",
    "SnapshotRecord",
    "assign_sides",
    "freeze",
    "put_out_of_use",
    "remove_pictures",
    "snapshots_holding",
    "write_snapshot",
]

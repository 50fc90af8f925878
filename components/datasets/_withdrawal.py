"""Frozen snapshots that hold a patient who withdrew consent: found, put out of use, their pictures removed."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyarrow
import pyarrow.parquet

from components.datasets._snapshot import MANIFEST, RECORD, WITHDRAWN
from components.errors import StorageError


@dataclass(frozen=True, kw_only=True)
class HoldingSnapshot:
    """A snapshot with a picture of the patient; `hash` names it in models' records, `side` is the patient's."""

    folder: Path
    hash: str
    side: str


def snapshots_holding(patient: str, folders: Iterable[Path]) -> list[HoldingSnapshot]:
    """Those of the snapshots that hold the patient; one whose pictures were removed holds nobody.

    Raises:
        StorageError: a manifest cannot be read, so that nobody can say whom it holds.
    """
    found = []
    for folder in sorted(folders):
        if not (folder / MANIFEST).exists():
            continue
        try:
            rows = pyarrow.parquet.read_table(
                folder / MANIFEST, columns=["side"], filters=[("patient", "=", patient)], use_threads=False
            ).column("side")
            if len(rows):
                name = json.loads((folder / RECORD).read_bytes())["hash"]
                found.append(HoldingSnapshot(folder=folder, hash=name, side=rows[0].as_py()))
        except (OSError, pyarrow.ArrowException, ValueError, KeyError) as error:
            raise StorageError(
                f"The snapshot of run {folder.parent.name} cannot be read ({type(error).__name__}), so that nobody can "
                "say whether the patient is in it: restore it, or remove its folder."
            ) from None
    return found


def put_out_of_use(snapshot: HoldingSnapshot, now: datetime) -> None:
    """Nobody can open the snapshot from now on: nothing is trained or judged on it any more."""
    note = {"since": now.isoformat(), "why": "a patient in it withdrew consent"}
    (snapshot.folder / WITHDRAWN).write_text(json.dumps(note, indent=1) + "\n")


def remove_pictures(snapshot: HoldingSnapshot) -> None:
    """Removes pictures and manifest; the record stays: hash, settings and counts, which name nobody."""
    for file in (*snapshot.folder.glob("pixels-*.npy"), snapshot.folder / MANIFEST):
        file.unlink(missing_ok=True)

"""Writing a snapshot's folder: all of it, or nothing."""

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from upath import UPath

from components.datasets._record import Origin, Shard, SnapshotRecord, content_digest, file_digest
from components.datasets._snapshot import MANIFEST, RECORD, Snapshot, local_folder
from components.errors import SnapshotError, StorageError


def write_snapshot(
    folder: Path | UPath, *, manifest: pd.DataFrame, pictures: Iterable[NDArray[np.uint8]], origin: Origin
) -> Snapshot:
    """Freezes a manifest and its pictures.

    Args:
        folder: must not exist yet.
        manifest: one row an image, `row` counting from 0, with the columns that `Snapshot` describes.
        pictures: uint8 [n, S, S] each, in the manifest's order; each becomes one shard.
        origin: where they come from.
    """
    with building(folder) as unfinished:
        fill(unfinished, manifest=manifest, pictures=pictures, origin=origin)
    return Snapshot.open(folder)


@contextmanager
def building(folder: Path | UPath) -> Iterator[Path]:
    """An empty folder beside the wanted one; it takes the wanted name when all went well, else it is removed.

    Raises:
        SnapshotError: the wanted folder exists: a snapshot is frozen.
        StorageError: the disk is full or may not be written.
    """
    wanted = local_folder(folder)
    if wanted.exists():
        raise SnapshotError("The snapshot's folder exists already, and a snapshot is never changed: choose another.")
    try:
        wanted.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=wanted.parent))
        try:
            yield unfinished
            unfinished.rename(wanted)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
    except OSError as error:
        raise StorageError(f"The snapshot cannot be written: {error.strerror or type(error).__name__}.") from None


def fill(
    folder: Path,
    *,
    manifest: pd.DataFrame,
    pictures: Iterable[NDArray[np.uint8]],
    origin: Origin,
    masked: dict[str, int] | None = None,
) -> SnapshotRecord:
    """Writes shards, manifest and record; the record comes last."""
    shards = []
    size = 0
    for number, block in enumerate(pictures):
        file = folder / f"pixels-{number:05d}.npy"
        np.save(file, block, allow_pickle=False)
        shards.append(Shard(name=file.name, images=len(block), sha256=file_digest(file)))
        size = block.shape[1]
    if sum(shard.images for shard in shards) != len(manifest):
        raise SnapshotError(f"A snapshot needs one picture a row: got {len(manifest)} rows and another number of them.")
    manifest.to_parquet(folder / MANIFEST, index=False)
    studies = manifest.drop_duplicates("study")
    record = SnapshotRecord(
        origin=origin,
        size=size,
        images=len(manifest),
        studies=_counted(studies["side"]),
        patients=_counted(manifest.drop_duplicates("patient")["side"]),
        sources=_counted(studies["source"]),
        masked=masked,
        manifest=content_digest(manifest),
        manifest_file=file_digest(folder / MANIFEST),
        shards=tuple(shards),
    )
    (folder / RECORD).write_text(json.dumps({"hash": record.hash(), **record.model_dump(mode="json")}, indent=2))
    return record


def _counted(values: pd.Series) -> dict[str, int]:
    return {str(value): int(number) for value, number in values.value_counts().sort_index().items()}

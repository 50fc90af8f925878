"""What a snapshot writes down about itself, and the hash over it."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from components.settings import SplitSettings, UncertainPolicy


class Origin(BaseModel):
    """Where a snapshot comes from: with the same origin and catalog, the same snapshot."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    site: str
    seed: int
    split: SplitSettings
    uncertain: UncertainPolicy
    preprocessing: str = Field(description="version of the steps from DICOM pixels to the stored pictures")
    labelers: tuple[str, ...] = Field((), description="versions of the report labeller that labelled it")
    published: tuple[str, ...] | None = Field(None, description="published datasets' releases whose labels it holds")


class Shard(BaseModel):
    """One file of pictures."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^pixels-[0-9]{5}\.npy$")
    images: int = Field(ge=1)
    sha256: str


class SnapshotRecord(BaseModel):
    """snapshot.json; no clock and no library version, so that the same catalog and seed give the same hash."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = Field(1, ge=1, le=1)
    origin: Origin
    size: int
    images: int
    studies: dict[str, int] = Field(description="side → studies")
    patients: dict[str, int] = Field(description="side → patients")
    sources: dict[str, int] = Field(description="whose labels: source → studies")
    masked: dict[str, int] | None = Field(
        None, description="finding → its positive training studies, too few of them for the loss"
    )
    manifest: str = Field(description="digest of the manifest's content")
    manifest_file: str = Field(description="digest of its file, which another library version writes differently")
    shards: tuple[Shard, ...]

    def hash(self) -> str:
        """SHA-256 over everything above but the manifest's file, whose content counts.

        What is not set is left out, so that a snapshot keeps its hash when a later version has more to set.
        """
        facts = self.model_dump(mode="json", exclude={"manifest_file"}, exclude_none=True)
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def file_digest(file: Path) -> str:
    """SHA-256 of a file's bytes."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def content_digest(frame: pd.DataFrame) -> str:
    """SHA-256 of a table's names and values: the same whichever library version wrote the Parquet file."""
    digest = hashlib.sha256()
    for name in frame.columns:
        digest.update(f"\n{name}\n".encode())
        digest.update(_bytes_of(frame[name]))
    return digest.hexdigest()


def _bytes_of(column: "pd.Series[object]") -> bytes:
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "i":
        return bytes(column.to_numpy().astype("<i8").tobytes())
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return bytes(column.to_numpy().astype("<f4").tobytes())
    return json.dumps(list(_texts(column))).encode()


def _texts(column: "pd.Series[object]") -> Iterable[str | None]:
    return (None if pd.isna(value) else str(value) for value in column)

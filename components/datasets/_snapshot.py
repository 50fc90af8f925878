"""A frozen snapshot: manifest, packed pictures, and the hash that proves both."""

import json
from pathlib import Path
from typing import Self

import pandas as pd
from upath import UPath

from components import labels
from components.catalog import Side, View
from components.datasets._pixels import Pixels
from components.datasets._record import SnapshotRecord, content_digest, file_digest
from components.errors import ConfigurationError, SnapshotError
from components.findings import FINDINGS

MANIFEST = "manifest.parquet"
RECORD = "snapshot.json"
WITHDRAWN = "withdrawn.json"
_FRONTAL = tuple(view.value for view in View if view.is_frontal)


class Snapshot:
    """Everything a model is trained and judged on, as it was on one day. Open one with `Snapshot.open`.

    manifest: one row an image, sorted by study and image: row (its number in `pixels`), image, study, patient, side,
    view, date (shifted), age, sex, manufacturer, patient_class (what the report's message says, or None), source
    ("labeler", "reader" or "consensus"), and for each finding label_… (int8: 1, 0, -1 uncertain, -2 unmentioned,
    -3 unlabelled), target_… (float32, 0..1) and weight_… (float32, 0 ignored).
    pixels: uint8 [N, size, size], air dark, read from disk only where it is indexed.
    """

    def __init__(self, folder: Path, *, record: SnapshotRecord, manifest: pd.DataFrame, pixels: Pixels) -> None:
        self.folder = folder
        self.record = record
        self.manifest = manifest
        self.pixels = pixels

    @classmethod
    def open(cls, folder: Path | UPath) -> Self:
        """The snapshot in `folder`, once every file is proved to be what it was when frozen.

        Raises:
            SnapshotError: a file is missing, unreadable or altered, or a patient in it withdrew consent.
            ConfigurationError: the folder is not on this machine's file system.
        """
        here = local_folder(folder)
        if (here / WITHDRAWN).exists():
            raise SnapshotError("A patient in this snapshot withdrew consent; it is used no more: freeze a new one.")
        record = _read_record(here)
        _prove(here / MANIFEST, record.manifest_file)
        for shard in record.shards:
            _prove(here / shard.name, shard.sha256)
        manifest = pd.read_parquet(here / MANIFEST)
        if content_digest(manifest) != record.manifest:  # the record was made to fit another file
            raise SnapshotError(f"The snapshot's {MANIFEST} was altered: freeze a new snapshot.")
        return cls(
            here,
            record=record,
            manifest=manifest,
            pixels=Pixels([here / shard.name for shard in record.shards]),
        )

    @property
    def hash(self) -> str:
        """SHA-256 over manifest, pictures, seed and settings: the snapshot's name in every model's record."""
        return self.record.hash()

    @property
    def size(self) -> int:
        """Side of the square pictures, in pixels."""
        return self.record.size

    def rows(self, side: Side, frontal: bool = True) -> pd.DataFrame:
        """The manifest's rows of one side: its frontal images, or with frontal=False all its images."""
        chosen = self.manifest["side"] == side.value
        if frontal:
            chosen &= self.manifest["view"].isin(_FRONTAL)
        return self.manifest[chosen]

    def cases(self, side: Side) -> pd.DataFrame:
        """What models are shown of one side: its frontal images' rows, and the lateral of the same study.

        Returns:
            `rows` with one more column: lateral, the row number of the study's first lateral image, -1 where it has
            none.
        """
        laterals = self.manifest[self.manifest["view"] == View.LATERAL.value].drop_duplicates("study")
        cases = self.rows(side)
        found = cases["study"].map(laterals.set_index("study")["row"])
        return cases.assign(lateral=found.fillna(-1).astype("int64"))

    def truth(self, side: Side) -> pd.DataFrame:
        """What each study of one side is judged by: 1 present, 0 not, NaN uncertain or unlabelled.

        Returns:
            Index study (those with a frontal image, sorted), the 14 findings as columns.
        """
        of_study = self.rows(side).drop_duplicates("study").set_index("study").sort_index()
        names = [finding.value for finding in FINDINGS]
        codes = of_study[[f"label_{name}" for name in names]].set_axis(names, axis=1)
        return pd.DataFrame(labels.truth(codes), index=codes.index, columns=pd.Index(names))


def local_folder(folder: Path | UPath) -> Path:
    """The folder as a path of this machine; pictures are read where they lie, so they cannot lie in an object store.

    Raises:
        ConfigurationError: it is of another file system.
    """
    place = UPath(folder)
    if place.protocol not in ("", "file", "local"):
        raise ConfigurationError(f"A snapshot's folder must be a local or mounted one. Got one on {place.protocol!r}.")
    return Path(place.path)


def _read_record(folder: Path) -> SnapshotRecord:
    try:
        facts = json.loads((folder / RECORD).read_bytes())
        digest = facts.pop("hash")
        record = SnapshotRecord.model_validate(facts)
    except OSError:
        raise SnapshotError(f"There is no snapshot here: {RECORD} is missing. Freeze one first.") from None
    except (ValueError, KeyError, AttributeError):  # no JSON, no hash, no object, or other fields
        raise SnapshotError(f"The snapshot's {RECORD} was altered or is of another version: freeze anew.") from None
    if record.hash() != digest:
        raise SnapshotError(f"The snapshot's {RECORD} was altered: freeze a new snapshot.")
    return record


def _prove(file: Path, digest: str) -> None:
    """Refuses a file that is missing or has other bytes than when it was frozen."""
    try:
        found = file_digest(file)
    except OSError:
        raise SnapshotError(f"The snapshot's {file.name} is missing or unreadable: freeze a new snapshot.") from None
    if found != digest:
        raise SnapshotError(f"The snapshot's {file.name} was altered: freeze a new snapshot.")

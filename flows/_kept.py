"""The snapshots that earlier runs left in HOME: what a model learned from, and what was true before."""

import json
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from components.catalog import Side
from components.settings import Settings

_MANIFEST, _RECORD = "manifest.parquet", "snapshot.json"


def studies_learned(snapshot_hash: str, settings: Settings) -> set[str] | None:
    """The studies on the training side of the snapshot with this hash; None where it is not kept here."""
    manifest = kept_manifest(snapshot_hash, settings, columns=["study", "side"])
    return None if manifest is None else set(manifest.loc[manifest["side"] == Side.TRAIN.value, "study"])


def kept_manifest(snapshot_hash: str, settings: Settings, columns: list[str] | None = None) -> pd.DataFrame | None:
    """The manifest of the snapshot with this hash; None where it is not kept here."""
    for folder in _kept(settings):
        whole = (folder / _MANIFEST).exists()  # not where a patient's pictures were removed
        if whole and json.loads((folder / _RECORD).read_bytes())["hash"] == snapshot_hash:
            return pd.read_parquet(folder / _MANIFEST, columns=columns)
    return None


def labels_before(site: str, run: Path, settings: Settings) -> pd.DataFrame | None:
    """The labels (codes by study) of the site's last snapshot before the one in `run`; None where none is kept."""
    for folder in _kept(settings):
        if folder.parent.name >= run.name:
            continue
        if json.loads((folder / _RECORD).read_bytes())["origin"]["site"] == site:
            return codes_of(pd.read_parquet(folder / _MANIFEST))
    return None


def codes_of(manifest: pd.DataFrame) -> pd.DataFrame:
    """A manifest's labels as codes: index study, a column a finding."""
    studies = manifest.drop_duplicates("study").set_index("study").sort_index()
    return studies.filter(regex="^label_").rename(columns=lambda name: name.removeprefix("label_"))


def _kept(settings: Settings) -> Iterator[Path]:
    """The folders of whole snapshots, the newest run first: a run's name begins with its time."""
    records = (settings.home.absolute() / "runs").glob(f"*/snapshot/{_RECORD}")
    return (record.parent for record in sorted(records, reverse=True))

"""A small snapshot drawn from a large one: what a hospital with few studies would have."""

from pathlib import Path

import numpy as np
import pandas as pd

from components.catalog import Side
from components.datasets._snapshot import Snapshot
from components.datasets._write import write_snapshot
from components.errors import SnapshotError

_CHECKED = 5  # of so many images one is for validation
_FEWEST = 2


def sample(snapshot: Snapshot, folder: Path, *, images: int, seed: int) -> Snapshot:
    """So many frontal images of the training side, patient after patient in an order of the seed, in `folder`.

    A fifth of them, of patients of their own, becomes the validation side; there is no test side. With one seed a
    smaller sample's images are among a larger one's.

    Raises:
        SnapshotError: the training side has fewer images, or fewer than two patients would be drawn.
    """
    rows = snapshot.rows(Side.TRAIN)
    if not _FEWEST <= images <= len(rows):
        raise SnapshotError(f"A sample must be of {_FEWEST} to {len(rows)} images, all of the training side's.")
    patients = rows["patient"].unique()
    turn = pd.Series(np.random.default_rng(seed).permutation(len(patients)), index=np.sort(patients))
    drawn = rows.assign(turn=rows["patient"].map(turn)).sort_values(["turn", "row"]).head(images)
    if drawn["patient"].nunique() < _FEWEST:
        raise SnapshotError("A sample must be of two patients at least: draw more images.")
    manifest = drawn.assign(side=_sides(drawn), row=np.arange(len(drawn), dtype=np.int64)).drop(columns="turn")
    return write_snapshot(
        folder,
        manifest=manifest.reset_index(drop=True),
        pictures=[snapshot.pixels[drawn["row"].to_numpy()]],
        origin=snapshot.record.origin,
    )


def _sides(drawn: pd.DataFrame) -> list[str]:
    """Validation for every patient whose last image is within a fifth of the whole, but never for all of them."""
    last = drawn.groupby("turn")["row"].size().cumsum()
    checked = set(last.index[last <= max(len(drawn) // _CHECKED, last.iloc[0])])
    return [Side.VALIDATION.value if turn in checked else Side.TRAIN.value for turn in drawn["turn"]]

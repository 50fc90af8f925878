"""A snapshot in which one finding is plain to see: a bright disc where there is oedema, none where there is not."""

from pathlib import Path

import numpy as np
import pandas as pd

from components.datasets import Origin, Snapshot, write_snapshot
from components.findings import FINDINGS, Finding
from components.settings import SplitSettings, UncertainPolicy

_SIDES = ("train", "train", "train", "validation", "test")


def write_blobs(
    folder: Path, *, images: int = 120, shown: bool = True, rate: float = 0.5, laterals: int = 0
) -> Snapshot:
    """One frontal picture a patient, three fifths for training, and of the first so many patients a lateral one.

    `shown` False gives labels that frontal pictures do not show; laterals show them always.
    """
    rng, size = np.random.default_rng(0), 32
    present = rng.random(images) < rate
    disc = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size / 4
    pictures = rng.integers(60, 120, (images, size, size))
    pictures[present if shown else rng.permutation(present)] += disc * 110
    from_side = rng.integers(60, 120, (laterals, size, size)) + present[:laterals, None, None] * disc * 110
    manifest = pd.concat(
        [_images(np.arange(images), "PA", present), _images(np.arange(laterals), "LATERAL", present[:laterals])],
        ignore_index=True,
    )
    order = manifest.sort_values(["study", "image"]).index.to_numpy()
    manifest = manifest.loc[order].reset_index(drop=True)
    manifest.insert(0, "row", np.arange(len(manifest)))
    return write_snapshot(
        folder,
        manifest=manifest,
        pictures=[np.concatenate([pictures, from_side])[order].astype(np.uint8)],
        origin=Origin(site="local", seed=0, split=SplitSettings(), uncertain=UncertainPolicy.SOFT, preprocessing="1"),
    )


def _images(numbers: np.ndarray, view: str, present: np.ndarray) -> pd.DataFrame:
    """Their rows of the manifest."""
    frame = pd.DataFrame(
        {
            "image": [f"I{number:04d}{view}" for number in numbers],
            "study": [f"S{number:04d}" for number in numbers],
            "view": view,
            "patient": [f"P{number:04d}" for number in numbers],
            "side": [_SIDES[number % len(_SIDES)] for number in numbers],
            "date": pd.Timestamp("2025-01-01").as_unit("ms"),
            "age": pd.array([50] * len(numbers), dtype="Int64"),
            "sex": "F",
            "manufacturer": "Vendor",
            "source": "labeler",
        }
    )
    values: dict[str, np.ndarray] = {}
    for finding in FINDINGS:
        here = present if finding is Finding.EDEMA else np.zeros(len(numbers), dtype=bool)
        values[f"label_{finding.value}"] = here.astype(np.int8)
        values[f"target_{finding.value}"] = here.astype(np.float32)
        values[f"weight_{finding.value}"] = np.ones(len(numbers), dtype=np.float32)
    values[f"label_{Finding.NO_FINDING.value}"] = np.full(len(numbers), -2, dtype=np.int8)  # the reports do not say
    return pd.concat([frame, pd.DataFrame(values, index=frame.index)], axis=1)

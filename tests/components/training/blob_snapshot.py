"""A snapshot in which one finding is plain to see: a bright disc where there is oedema, none where there is not."""

from pathlib import Path

import numpy as np
import pandas as pd

from components.datasets import Origin, Snapshot, write_snapshot
from components.findings import FINDINGS, Finding
from components.settings import SplitSettings, UncertainPolicy

_SIDES = ("train", "train", "train", "validation", "test")


def write_blobs(folder: Path, *, images: int = 120, shown: bool = True, rate: float = 0.5) -> Snapshot:
    """One picture a patient, three fifths for training; `shown` False gives labels that pictures do not show."""
    rng, size = np.random.default_rng(0), 32
    present = rng.random(images) < rate
    disc = np.hypot(*(np.mgrid[:size, :size] - size / 2)) < size / 4
    pictures = rng.integers(60, 120, (images, size, size))
    pictures[present if shown else rng.permutation(present)] += disc * 110
    manifest = pd.DataFrame(
        {
            "row": np.arange(images),
            "image": [f"I{number:04d}" for number in range(images)],
            "study": [f"S{number:04d}" for number in range(images)],
            "view": "PA",
            "patient": [f"P{number:04d}" for number in range(images)],
            "side": [_SIDES[number % len(_SIDES)] for number in range(images)],
            "date": pd.Timestamp("2025-01-01").as_unit("ms"),
            "age": pd.array([50] * images, dtype="Int64"),
            "sex": "F",
            "manufacturer": "Vendor",
            "source": "labeler",
        }
    )
    values: dict[str, np.ndarray] = {}
    for finding in FINDINGS:
        here = present if finding is Finding.EDEMA else np.zeros(images, dtype=bool)
        values[f"label_{finding.value}"] = here.astype(np.int8)
        values[f"target_{finding.value}"] = here.astype(np.float32)
        values[f"weight_{finding.value}"] = np.ones(images, dtype=np.float32)
    return write_snapshot(
        folder,
        manifest=pd.concat([manifest, pd.DataFrame(values)], axis=1),
        pictures=[pictures.astype(np.uint8)],
        origin=Origin(site="local", seed=0, split=SplitSettings(), uncertain=UncertainPolicy.SOFT, preprocessing="1"),
    )

"""The real radiographs of shared data: files and NIH labels for a plain loop, the same as snapshots for the product."""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from PIL import Image

from components import labels
from components.catalog import Box, Side, View
from components.datasets import Origin, Snapshot, assign_sides, write_snapshot
from components.evaluation import nih_boxes, place_boxes
from components.findings import DATASET_NAMES, FINDINGS, Dataset
from components.imaging import PREPROCESSING_VERSION, Framing, to_input
from components.settings import Settings, SplitSettings

DATA = Path(os.environ.get("RADLOOP_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
OBSERVED = dict(DATASET_NAMES[Dataset.NIH])
"""The 12 NIH labels that are observations of ours."""
_FOLDS = 3
_NAMES = [finding.value for finding in FINDINGS]


@dataclass(frozen=True, kw_only=True)
class Films:
    """Some of the radiographs.

    rows: of studies.csv. codes: int8 [N, 14]. truth: the 12 NIH labels, 1 or 0, float [N, 12].
    """

    rows: pd.DataFrame
    codes: pd.DataFrame
    truth: pd.DataFrame

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def files(self) -> list[Path]:
        """The pictures."""
        return [DATA / name for name in self.rows["image"]]

    @property
    def patients(self) -> list[str]:
        """Of each picture."""
        return [str(patient) for patient in self.rows["patient_id"]]

    def where(self, chosen: "pd.Series[bool]") -> "Films":
        """Those rows alone."""
        mask = chosen.to_numpy()
        return Films(rows=self.rows[mask], codes=self.codes[mask], truth=self.truth[mask])


def read_films() -> tuple[Films, Films]:
    """The PA films of patients without an AP one, and the AP films: nobody is in both."""
    rows = pd.read_csv(DATA / "studies.csv", dtype=str, keep_default_na=False)
    named = rows["nih_labels"].str.split("|")
    truth = pd.DataFrame({name: [float(name in said) for said in named] for name in OBSERVED}, index=rows.index)
    codes = pd.DataFrame(labels.UNLABELLED, index=rows.index, columns=_NAMES, dtype=np.int8)
    for name, finding in OBSERVED.items():
        codes[finding.value] = np.maximum(codes[finding.value], truth[name]).astype(np.int8)
    films = Films(rows=rows, codes=labels.propagate(codes), truth=truth)
    ap = rows["view"] == View.AP.value
    return films.where(~rows["patient_id"].isin(rows.loc[ap, "patient_id"])), films.where(ap)


def folds(films: Films, *, seed: int) -> list[set[str]]:
    """The patients in three parts, stratified by the product's own split: each is the unseen one once."""
    left, parts = films, []
    for number in range(_FOLDS, 1, -1):
        split = SplitSettings(validation=0.01, test=1 / number)
        sides = assign_sides(left.codes.to_numpy(), left.patients, settings=split, seed=seed, fixed={})
        parts.append({patient for patient, side in sides.items() if side is Side.TEST})
        left = left.where(~left.rows["patient_id"].isin(parts[-1]))
    return [*parts, set(left.patients)]


def freeze_films(films: Films, folder: Path, *, locked: set[str], settings: Settings) -> Snapshot:
    """The films as a snapshot; the locked patients are its test side, the split of the others is the product's."""
    sides = assign_sides(
        films.codes.to_numpy(),
        films.patients,
        settings=settings.split,
        seed=settings.seed,
        fixed=dict.fromkeys(locked, Side.TEST),
    )
    targets, weights = labels.soft_targets(films.codes, policy=settings.training.uncertain, seed=settings.seed)
    manifest = pd.DataFrame(
        {
            "row": np.arange(len(films)),
            "image": [f"I{number:05d}" for number in films.rows.index],
            "study": [f"S{number:05d}" for number in films.rows.index],
            "view": films.rows["view"].to_numpy(),
            "patient": films.patients,
            "side": [sides[patient].value for patient in films.patients],
            "date": pd.Timestamp("2020-01-01").as_unit("ms"),
            "age": pd.array(pd.to_numeric(films.rows["age"], errors="coerce").to_numpy(), dtype="Int64"),
            "sex": films.rows["sex"].to_numpy(),
            "manufacturer": "",
            "source": "labeler",
            **{f"label_{name}": films.codes[name].to_numpy() for name in _NAMES},
            **{f"target_{name}": targets[:, number] for number, name in enumerate(_NAMES)},
            **{f"weight_{name}": weights[:, number] for number, name in enumerate(_NAMES)},
        }
    )
    origin = Origin(
        site="real",
        seed=settings.seed,
        split=settings.split,
        uncertain=settings.training.uncertain,
        preprocessing=PREPROCESSING_VERSION,
    )
    pictures = [np.stack([_input(file, settings) for file in films.files])]
    return write_snapshot(folder, manifest=manifest, pictures=pictures, origin=origin)


def film_boxes(films: Films, settings: Settings) -> dict[str, tuple[Box, ...]]:
    """Image of a snapshot of the films → NIH's boxes on it, in shares of the square picture that models see."""
    said = films.rows.loc[films.rows["nih_boxes"] != "", ["image", "nih_boxes"]]
    return {
        f"I{number:05d}": place_boxes(nih_boxes(row.nih_boxes), _framing(_pixels(DATA / row.image), settings))
        for number, row in zip(said.index, said.itertuples(index=False), strict=True)
    }


def _input(file: Path, settings: Settings) -> NDArray[np.uint8]:
    imaging = settings.imaging
    pixels = _pixels(file)
    return to_input(pixels, size=imaging.size, crop_borders=imaging.crop_borders, fit=imaging.fit)


def _framing(pixels: NDArray[np.float32], settings: Settings) -> Framing:
    return Framing.of(pixels, crop_borders=settings.imaging.crop_borders, fit=settings.imaging.fit)


def _pixels(file: Path) -> NDArray[np.float32]:
    """Float32 [H, W], 0..1."""
    with Image.open(file) as picture:
        return np.asarray(picture.convert("L"), dtype=np.float32) / 255

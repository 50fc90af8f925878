"""A snapshot of invented pictures to train on, and its training as the product does it."""

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from scipy.ndimage import zoom

from components.datasets import Origin, Snapshot, write_snapshot
from components.findings import FINDINGS
from components.models import ModelConfig
from components.settings import (
    Architecture,
    Optimizer,
    Precision,
    Schedule,
    SplitSettings,
    TrainingSettings,
    UncertainPolicy,
)
from components.training._run import run
from components.training._task import Task

BATCH = 32
_VALIDATION = 4
_GRAIN = 2.0  # grey levels: a PNG file of it has as many bits a pixel (3.2) as one of a radiograph


def write_pictures(folder: Path, *, images: int, size: int) -> Snapshot:
    """So many training pictures, uint8 [size, size], soft shapes under a film's grain, and a few for validation."""
    rng, total = np.random.default_rng(0), images + _VALIDATION
    numbers = np.arange(total)
    manifest = pd.DataFrame(
        {
            "row": numbers,
            "image": [f"I{number:06d}" for number in numbers],
            "study": [f"S{number:06d}" for number in numbers],
            "view": "PA",
            "patient": [f"P{number:06d}" for number in numbers],
            "side": ["train"] * images + ["validation"] * _VALIDATION,
            "date": pd.Timestamp("2025-01-01").as_unit("ms"),
            "age": pd.array([50] * total, dtype="Int64"),
            "sex": "F",
            "manufacturer": "Vendor",
            "source": "labeler",
        }
    )
    present = rng.random((total, len(FINDINGS))) < 0.3
    columns = {f"label_{finding.value}": present[:, n].astype(np.int8) for n, finding in enumerate(FINDINGS)}
    for number, finding in enumerate(FINDINGS):
        columns[f"target_{finding.value}"] = present[:, number].astype(np.float32)
        columns[f"weight_{finding.value}"] = np.ones(total, dtype=np.float32)
    return write_snapshot(
        folder,
        manifest=pd.concat([manifest, pd.DataFrame(columns)], axis=1),
        pictures=[np.stack([grainy_picture(rng, size) for _ in numbers])],
        origin=Origin(site="local", seed=0, split=SplitSettings(), uncertain=UncertainPolicy.SOFT, preprocessing="1"),
    )


def grainy_picture(rng: np.random.Generator, size: int) -> NDArray[np.uint8]:
    """Soft shapes under a film's grain, uint8 [size, size]."""
    shapes = zoom(rng.uniform(30, 220, (8, 8)), size / 8, order=1)
    return (shapes + rng.normal(0, _GRAIN, (size, size))).clip(0, 255).astype(np.uint8)


def task(snapshot: Snapshot, *, size: int, **settings: object) -> Task:
    """Two epochs of a MobileNetV2: of our networks the one that asks for pictures fastest."""
    plain = TrainingSettings(
        epochs=2, batch_size=BATCH, optimizer=Optimizer.ADAMW, schedule=Schedule.CONSTANT, precision=Precision.FLOAT32
    )
    return Task(
        snapshot=snapshot.folder,
        snapshot_hash=snapshot.hash,
        model=ModelConfig(members=(Architecture.MOBILENETV2,), image_size=size, dropout=0.2),
        settings=plain.model_copy(update=settings),
        base=None,
        seed=0,
    )


def images_per_s(work: Task, device: torch.device) -> float:
    """Of the last epoch of the product's training: what its report says; in the first the memory is new to it."""
    state = run(work, device=device, threads=None, state=None, after=lambda _: None)
    return state.reports[-1].images_per_s


def device() -> torch.device:
    """A GPU where there is one."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")

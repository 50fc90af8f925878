"""`radloop embed`: images a second from stored files to Parquet, beside the bare forward pass."""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from upath import UPath

from benchmarks._table import machine, markdown, ratio, side_by_side
from benchmarks._trained import grainy_picture
from components.imaging import to_png
from components.models import ModelConfig, StudyNet, for_inference, load_model, prepare, save_model
from components.settings import Architecture, ModelSettings, TrainingSettings
from components.training import Embedding, embed_images
from components.training._run import own_torch

_BATCH, _ROUNDS = 32, 3
_PUBLISHED = ModelConfig.from_settings(ModelSettings()).members


@dataclass(frozen=True)
class _Case:
    """A model on pictures of one size in the store; so many that its start, which a catalog pays once, is little."""

    title: str
    members: tuple[Architecture, ...]
    size: int
    stored: int
    images: int


_CASES = (
    _Case("SoloNet as published, 224 px of 512", _PUBLISHED, 224, 512, 384),
    _Case("DenseNet-121, 224 px of 512", (Architecture.DENSENET121,), 224, 512, 384),
    _Case("MobileNetV2, 512 px", (Architecture.MOBILENETV2,), 512, 512, 384),
    _Case("MobileNetV2, 224 px of 512", (Architecture.MOBILENETV2,), 224, 512, 1536),
    _Case("MobileNetV2, 224 px, as `tiny` has it", (Architecture.MOBILENETV2,), 224, 224, 1536),
)


def run() -> str:
    """All on all cores, float32, batches of 32, the same images, taking turns.

    The network as trained, and as it answers (`for_inference`), on pictures in memory; the whole of `radloop embed`.
    """
    rows = []
    for case in _CASES:
        with tempfile.TemporaryDirectory() as place:
            store, images, pixels = _store(Path(place) / "store", case)
            folder = Path(place) / "model"
            save_model(StudyNet(ModelConfig(members=case.members, image_size=case.size, dropout=0)), folder)
            trained = load_model(folder).to(memory_format=torch.channels_last)
            seconds = side_by_side(
                {
                    "trained": partial(_bare, trained, pixels),
                    "answering": partial(_bare, for_inference(trained), pixels),
                    "embed": _whole(folder, store, images, Path(place) / "embeddings", size=case.stored),
                },
                rounds=_ROUNDS,
            )
            speeds = [case.images / min(taken) for taken in seconds.values()]
            shares = [f"{ratio(seconds[name], seconds['embed']):.0%}" for name in ("trained", "answering")]
            rows.append([case.title, case.images, *speeds, *shares])
    columns = ["", "images", "bare forward pass, images/s", "the same, folded", "radloop embed, images/s"]
    columns += ["share of the bare pass (median of rounds)", "of the folded one"]
    return f"{markdown(columns, rows)}\n\n{machine()}."


def _store(folder: Path, case: _Case) -> tuple[UPath, pd.DataFrame, torch.Tensor]:
    """Stored pictures as ingest leaves them, what the catalog knows of them, and the pictures in memory."""
    rng, store = np.random.default_rng(0), UPath(folder)
    folder.mkdir()
    pictures = [grainy_picture(rng, case.stored) for _ in range(case.images)]
    for number, pixels in enumerate(pictures):
        (folder / f"{number}.png").write_bytes(to_png(pixels))
    names = [str(number) for number in range(case.images)]
    table = pd.DataFrame({"image": names, "study": names, "patient": names, "view": "PA"})
    return store, table.assign(input_key=table["image"] + ".png"), torch.from_numpy(np.stack(pictures))


@torch.inference_mode()
def _bare(model: StudyNet, pixels: torch.Tensor) -> None:
    """The pictures already in memory, with the same use of memory and threads as in the product."""
    with own_torch(None):
        for batch in pixels.split(_BATCH):
            model.solo.features(prepare(batch, model.config.image_size))


def _whole(model: Path, store: UPath, images: pd.DataFrame, folder: Path, *, size: int) -> Callable[[], None]:
    """Embeds all images into a new folder each time; the model is loaded each time as well."""
    runs = count()

    def embed() -> None:
        into = folder / str(next(runs))
        job = Embedding(
            model_dir=model, version="1", store=store, size=size, folder=into, settings=TrainingSettings(workers=0)
        )
        embed_images(job, images)
        shutil.rmtree(into)

    return embed

"""`radloop embed`: images a second from stored files to Parquet, beside the bare forward pass."""

import shutil
import tempfile
from collections.abc import Callable
from functools import partial
from io import BytesIO
from itertools import count
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from PIL import Image
from upath import UPath

from benchmarks._table import machine, markdown, ratio, side_by_side
from components.models import ModelConfig, StudyNet, load_model, prepare, save_model
from components.settings import Architecture, ModelSettings, TrainingSettings
from components.training import Embedding, embed_images
from components.training._run import own_torch

_IMAGES, _SIZE, _BATCH, _ROUNDS = 192, 512, 32, 3
_PUBLISHED = ModelConfig.from_settings(ModelSettings()).members
_CASES = (
    ("SoloNet as published, 224 px", _PUBLISHED, 224),
    ("MobileNetV2, 224 px", (Architecture.MOBILENETV2,), 224),
    ("DenseNet-121, 224 px", (Architecture.DENSENET121,), 224),
    ("MobileNetV2, 512 px", (Architecture.MOBILENETV2,), 512),
)


def run() -> str:
    """Stored 512 px files; both on all cores, float32, batches of 32, the same images, taking turns."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        store, images, pixels = _store(Path(place) / "store")
        for title, members, size in _CASES:
            folder = Path(place) / "model"
            save_model(StudyNet(ModelConfig(members=members, image_size=size, dropout=0)), folder)
            seconds = side_by_side(
                {
                    "bare": partial(_bare, load_model(folder), pixels),
                    "embed": _whole(folder, store, images, Path(place) / "embeddings"),
                },
                rounds=_ROUNDS,
            )
            speeds = [_IMAGES / min(seconds[name]) for name in ("bare", "embed")]
            rows.append([title, *speeds, f"{ratio(seconds['bare'], seconds['embed']):.0%}"])
    columns = ["", "bare forward pass, images/s", "radloop embed, images/s", "share (median of rounds)"]
    return f"{markdown(columns, rows)}\n\n{machine()}."


def _store(folder: Path) -> tuple[UPath, pd.DataFrame, torch.Tensor]:
    """Stored pictures as ingest leaves them, what the catalog knows of them, and the pictures in memory."""
    rng, store = np.random.default_rng(0), UPath(folder)
    folder.mkdir()
    smooth = rng.normal(size=(_IMAGES, 16, 16)).cumsum(axis=1).cumsum(axis=2)
    pictures = []
    for number, shape in enumerate(smooth):
        grey = np.interp(shape, (shape.min(), shape.max()), (0, 255)).astype(np.uint8)
        pixels = np.array(Image.fromarray(grey).resize((_SIZE, _SIZE), Image.Resampling.BICUBIC), dtype=np.int16)
        pixels = np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8)  # noise, as of X-rays
        stream = BytesIO()
        Image.fromarray(pixels).save(stream, "PNG")
        (folder / f"{number}.png").write_bytes(stream.getvalue())
        pictures.append(pixels)
    names = [str(number) for number in range(_IMAGES)]
    table = pd.DataFrame({"image": names, "study": names, "patient": names, "view": "PA"})
    return store, table.assign(input_key=table["image"] + ".png"), torch.from_numpy(np.stack(pictures))


@torch.inference_mode()
def _bare(model: StudyNet, pixels: torch.Tensor) -> None:
    """The pictures already in memory, with the same use of memory and threads as in the product."""
    model.to(memory_format=torch.channels_last)
    with own_torch(None):
        for batch in pixels.split(_BATCH):
            inputs = prepare(batch, model.config.image_size).contiguous(memory_format=torch.channels_last)
            model.solo.features(inputs)


def _whole(model: Path, store: UPath, images: pd.DataFrame, folder: Path) -> Callable[[], None]:
    """Embeds all images into a new folder each time; the model is loaded each time as well."""
    runs = count()

    def embed() -> None:
        into = folder / str(next(runs))
        job = Embedding(
            model_dir=model, version="1", store=store, size=_SIZE, folder=into, settings=TrainingSettings(workers=0)
        )
        embed_images(job, images)
        shutil.rmtree(into)

    return embed

"""Every image of a catalog through a model's backbones, here or in Ray Data's actors, block by block."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import nn
from upath import UPath

from components.catalog import View
from components.cluster import ray_session
from components.datasets import decode
from components.models import for_inference, load_model, prepare
from components.settings import TrainingSettings
from components.training._embeddings import Embeddings, as_embedding, backbones_digest
from components.training._run import own_torch

_BATCH = 32
_BLOCK = 512  # images in a file: what a run that is killed loses at most, for each worker
_AHEAD = 3  # batches that are decoded while a GPU embeds one; without a GPU both would only share the cores
_MOST_DECODERS = 16


@dataclass(frozen=True, kw_only=True)
class Embedding:
    """One model over many images.

    model_dir: the model for `load_model`; version: its name in the registry; store: where the images' input_key files
    lie; size: side of the stored pictures as the model wants them, in pixels; folder: where the embeddings come to.
    """

    model_dir: Path
    version: str
    store: UPath
    size: int
    folder: Path
    settings: TrainingSettings

    @property
    def device(self) -> str:
        """Where the backbones run."""
        return "cuda" if self.settings.use_gpu else "cpu"


def embed_images(
    embedding: Embedding, images: pd.DataFrame, *, progress: Callable[[int, int], None] | None = None
) -> int:
    """Embeds the images that are not embedded yet, and gives their number; killed and run again, it goes on.

    SoloNet's backbones see the frontal images; DuoNet's lateral ones see the laterals, or SoloNet's where there are
    none.

    Args:
        embedding: the model, and where things lie.
        images: columns image, study, patient, view, input_key.
        progress: told (images done, images in all).

    Raises:
        ModelError: the folder holds another model's embeddings.
        StorageError: a picture cannot be read, or the embeddings cannot be written.
        ServerError: Ray does not start, or its cluster is lost.
    """
    known = Embeddings(embedding.folder, backbones=backbones_digest(embedding.model_dir)).images()
    missing = images[~images["image"].isin(known)].sort_values("image", ignore_index=True)
    blocks = [missing.iloc[start : start + _BLOCK] for start in range(0, len(missing), _BLOCK)]
    done = len(images) - len(missing)
    for number in _on_ray(embedding, blocks) if embedding.settings.workers else _here(embedding, blocks):
        done += number
        if progress is not None:
            progress(done, len(images))
    return len(missing)


def _here(embedding: Embedding, blocks: list[pd.DataFrame]) -> Iterator[int]:
    with own_torch(embedding.settings.threads):
        embedder = Embedder(embedding)
        for block in blocks:
            yield len(embedder(block))


def _on_ray(embedding: Embedding, blocks: list[pd.DataFrame]) -> Iterator[int]:
    """The same in as many actors as the settings name workers, on whichever nodes they are."""
    if not blocks:
        return
    with ray_session():
        import ray.data

        ray.data.DataContext.get_current().enable_progress_bars = False
        settings = embedding.settings
        done = ray.data.from_pandas(blocks).map_batches(
            Embedder,
            fn_constructor_args=(embedding,),
            batch_size=None,
            batch_format="pandas",
            zero_copy_batch=True,
            concurrency=min(settings.workers, len(blocks)),
            num_cpus=settings.threads or 1,
            num_gpus=1 if settings.use_gpu else 0,
        )
        for batch in done.iter_batches(batch_size=None, batch_format="pandas"):
            yield len(batch)


class Embedder:
    """The model, loaded once, and what it does with a block of images."""

    def __init__(self, embedding: Embedding) -> None:
        self._embedding = embedding
        if embedding.settings.threads:
            torch.set_num_threads(embedding.settings.threads)
        self._model = for_inference(load_model(embedding.model_dir, embedding.device))
        self._frontal = self._model.solo.backbones
        self._lateral = self._frontal if self._model.duo is None else self._model.duo.lateral
        self._members = [
            (name.value, int(cast("Any", backbone).num_features))
            for name, backbone in zip(self._model.config.members, self._frontal, strict=True)
        ]
        self._store = Embeddings(embedding.folder, backbones=backbones_digest(embedding.model_dir))

    def __call__(self, images: pd.DataFrame) -> pd.DataFrame:
        """Embeds the images into a file of their own; what comes back names them."""
        lateral = images["view"] == View.LATERAL.value
        batches = [
            (backbones, group.iloc[start : start + _BATCH])
            for backbones, group in ((self._frontal, images[~lateral]), (self._lateral, images[lateral]))
            for start in range(0, len(group), _BATCH)
        ]
        pictures = self._decoded([batch for _, batch in batches])
        features = [self._features(backbones, block) for (backbones, _), block in zip(batches, pictures, strict=True)]
        self._store.write(
            pd.concat([batch for _, batch in batches]),
            np.concatenate(features),
            model=self._embedding.version,
            members=self._members,
        )
        return images[["image"]]

    def _decoded(self, batches: list[pd.DataFrame]) -> Iterator[torch.Tensor]:
        """The pictures of each batch, uint8 [B, size, size], decoded by threads."""
        ahead = _AHEAD if self._embedding.settings.use_gpu else 0
        with ThreadPoolExecutor(min(_MOST_DECODERS, os.cpu_count() or 1)) as pool:
            coming: deque[list[Future[NDArray[np.uint8]]]] = deque()
            for batch in batches:
                keys = zip(batch["image"], batch["input_key"], strict=True)
                coming.append([pool.submit(self._decode, image, key) for image, key in keys])
                if len(coming) > ahead:
                    yield _stacked(coming.popleft())
            while coming:
                yield _stacked(coming.popleft())

    def _decode(self, image: str, key: str) -> NDArray[np.uint8]:
        return decode(self._embedding.store, image, key, size=self._embedding.size)

    @torch.inference_mode()
    def _features(self, backbones: nn.ModuleList, pictures: torch.Tensor) -> NDArray[np.float16]:
        inputs = prepare(pictures.to(self._embedding.device), self._model.config.image_size)
        return as_embedding([backbone(inputs) for backbone in backbones])


def _stacked(coming: list[Future[NDArray[np.uint8]]]) -> torch.Tensor:
    return torch.from_numpy(np.stack([picture.result() for picture in coming]))

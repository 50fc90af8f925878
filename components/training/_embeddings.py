"""Embeddings on disk: Parquet files in one folder a model, each written whole or not at all."""

import hashlib
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from components.errors import ModelError, StorageError

COLUMNS = ("image", "study", "patient", "view")
_LARGEST = float(np.finfo(np.float16).max)
_BACKBONES, _MEMBERS = b"radloop.backbones", b"radloop.members"


def backbones_digest(model_dir: Path) -> str:
    """SHA-256 over the weights of SoloNet's backbones: models of one digest embed frontal images alike.

    Raises:
        ModelError: the model's weights cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with safe_open(model_dir / "weights.safetensors", framework="np") as weights:
            for name in sorted(name for name in weights.keys() if name.startswith("solo.backbones.")):
                value = weights.get_tensor(name)
                digest.update(f"{name} {value.dtype} {value.shape}\n".encode())
                digest.update(np.ascontiguousarray(value).tobytes())
    except (OSError, SafetensorError):
        raise ModelError("The model has no weights.safetensors, or it is damaged.") from None
    return digest.hexdigest()


def as_embedding(features: Sequence[torch.Tensor]) -> NDArray[np.float16]:
    """The members' features [B, D_m] side by side, in half precision: float16 [B, D]; what it cannot hold is cut."""
    return torch.cat(list(features), dim=1).detach().clamp(-_LARGEST, _LARGEST).cpu().numpy().astype(np.float16)


class Embeddings:
    """What one model's backbones make of images: image, study, patient, view, model and the features of each.

    Features are float16, a fixed-size list as long as all members together; the files' metadata say which columns of
    it are whose, and the digest of the backbones.
    """

    def __init__(self, folder: Path, *, backbones: str) -> None:
        """Those in `folder`, which need not exist yet.

        Raises:
            ModelError: it holds another model's.
        """
        self._folder = folder
        self._backbones = backbones
        first = next(self._files(), None)
        if first is not None and (pq.read_schema(first).metadata or {}).get(_BACKBONES) != backbones.encode():
            raise ModelError(
                f"The embeddings in {folder.name} are of another model: remove that folder, then embed anew."
            )

    def images(self) -> set[str]:
        """The images that are embedded."""
        columns = (pq.read_table(file, columns=["image"])["image"].to_pylist() for file in self._files())
        return {image for column in columns for image in column}

    def write(
        self, images: pd.DataFrame, features: NDArray[np.float16], *, model: str, members: Sequence[tuple[str, int]]
    ) -> None:
        """Adds one file.

        Args:
            images: columns image, study, patient, view.
            features: of each, [N, D].
            model: registry version.
            members: architecture and number of features of each, in their order.

        Raises:
            StorageError: it cannot be written; nothing is left behind.
        """
        table = pa.table(
            {
                **{name: pa.array(images[name].astype(str), pa.string()) for name in COLUMNS},
                "model": pa.array([model] * len(images), pa.string()),
                "features": pa.FixedSizeListArray.from_arrays(pa.array(features.ravel()), features.shape[1]),
            },
            metadata={_BACKBONES: self._backbones, _MEMBERS: ",".join(f"{name}:{width}" for name, width in members)},
        )
        name = hashlib.sha256("\n".join(images["image"]).encode()).hexdigest()[:16]
        put_table(table, self._folder / f"part-{name}.parquet")

    def read(self, among: Collection[str]) -> tuple[pd.DataFrame, NDArray[np.float32]]:
        """(image, study, patient, view; features [N, D]) of those of the images that are embedded, sorted by image."""
        wanted = pa.array(sorted(among), pa.string())
        tables = [
            table.filter(pc.is_in(table["image"], value_set=wanted)) for table in map(pq.read_table, self._files())
        ]
        if not any(len(table) for table in tables):
            return pd.DataFrame(columns=list(COLUMNS), dtype="str"), np.empty((0, 0), dtype=np.float32)
        table = pa.concat_tables(tables).sort_by("image")
        features = table["features"].combine_chunks()
        values = features.flatten().to_numpy().reshape(len(table), -1)
        return table.select(list(COLUMNS)).to_pandas(), values.astype(np.float32)

    def _files(self) -> Iterator[Path]:
        yield from sorted(self._folder.glob("part-*.parquet"))


def put_table(table: pa.Table, file: Path) -> None:
    """Writes the table; a half-written file never takes the old one's place.

    Raises:
        StorageError: it cannot be written.
    """
    unfinished = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, unfinished, compression="none")  # features do not compress, and are read sooner
        unfinished.replace(file)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise StorageError(f"The embeddings cannot be written: {error.strerror or type(error).__name__}.") from None


def embeddings_holding(patient: str, folders: Collection[Path]) -> tuple[Path, ...]:
    """The files in these folders that hold embeddings of the patient's images."""
    files = (file for folder in folders for file in sorted(folder.glob("*.parquet")))
    return tuple(file for file in files if patient in pq.read_table(file, columns=["patient"])["patient"].to_pylist())


def forget_rows(patient: str, files: Collection[Path]) -> None:
    """Removes the patient's rows from the files; a file that has no others goes."""
    for file in files:
        table = pq.read_table(file)
        kept = table.filter(pc.not_equal(table["patient"], patient))
        if len(kept):
            put_table(kept, file)
        else:
            file.unlink()

"""Holds: every image is embedded once whatever happens, as the networks see it, and a patient's embeddings can go."""

import os
import signal
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from upath import UPath

from components.errors import ModelError, StorageError
from components.models import ModelConfig, StudyNet, load_model, prepare, save_model
from components.settings import Architecture, TrainingSettings
from components.training import (
    Embedding,
    Embeddings,
    backbones_digest,
    embed_images,
    embeddings_holding,
    forget_rows,
)
from components.training import _embed_images as room

_SETTINGS = TrainingSettings(workers=0, threads=1)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with a DuoNet, never trained."""
    folder = tmp_path_factory.mktemp("model")
    members = (Architecture.MOBILENETV2,)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_model(StudyNet(ModelConfig(members=members, image_size=32, dropout=0.1, duo=True)), folder)
    return folder


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> tuple[UPath, pd.DataFrame]:
    """A store with ten images of four patients, every fifth lateral, and what the catalog knows of them."""
    store, rng, rows = UPath(tmp_path_factory.mktemp("store")), np.random.default_rng(0), []
    for number in range(10):
        stream = BytesIO()
        Image.fromarray(rng.integers(0, 256, (48, 48), dtype=np.uint8)).save(stream, "PNG")
        (store / f"{number}.png").write_bytes(stream.getvalue())
        view = "LATERAL" if number % 5 == 4 else "PA"
        rows.append((f"I{number}", f"S{number // 2}", f"P{number // 3}", view, f"{number}.png"))
    return store, pd.DataFrame(rows, columns=["image", "study", "patient", "view", "input_key"])


def _job(model: Path, store: UPath, folder: Path, **others: object) -> Embedding:
    facts = {"model_dir": model, "version": "3", "store": store, "size": 32, "folder": folder, "settings": _SETTINGS}
    return Embedding(**(facts | others))


def _read(model: Path, folder: Path, images: pd.DataFrame) -> tuple[pd.DataFrame, np.ndarray]:
    known = Embeddings(folder, backbones=backbones_digest(model))
    return known.read(set(images["image"]))


def test_each_image_is_embedded_by_the_networks_of_its_view(
    model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path
) -> None:
    store, table = images
    told: list[tuple[int, int]] = []
    assert embed_images(_job(model, store, tmp_path / "3"), table, progress=lambda *done: told.append(done)) == 10
    assert told[-1] == (10, 10)
    rows, features = _read(model, tmp_path / "3", table)
    assert rows["image"].to_list() == sorted(table["image"])
    assert features.shape == (10, 1280)
    net = load_model(model)
    assert net.duo is not None
    for number, backbones in ((0, net.solo.backbones), (4, net.duo.lateral)):
        with Image.open(Path(str(store)) / f"{number}.png") as picture:
            pixels = np.array(picture.resize((32, 32), Image.Resampling.BOX))
        with torch.inference_mode():
            inputs = prepare(torch.from_numpy(pixels)[None], 32)
            expected = torch.cat([backbone(inputs) for backbone in backbones], dim=1)[0].numpy()
        assert np.allclose(features[number], expected, atol=2e-3)
    file = next((tmp_path / "3").glob("*.parquet"))
    schema = pq.read_schema(file)
    assert str(schema.field("features").type) == "fixed_size_list<element: halffloat>[1280]"
    assert schema.metadata[b"radloop.members"] == b"mobilenetv2_100:1280"


def test_a_run_that_was_stopped_goes_on_and_new_images_are_added(
    model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, table = images
    monkeypatch.setattr(room, "_BLOCK", 3)

    def stop(done: int, _: int) -> None:
        if done >= 6:
            raise KeyboardInterrupt

    job = _job(model, store, tmp_path / "3")
    with pytest.raises(KeyboardInterrupt):
        embed_images(job, table.iloc[:8], progress=stop)
    assert embed_images(job, table.iloc[:8]) == 2
    assert embed_images(job, table) == 2
    assert embed_images(job, table) == 0
    rows, features = _read(model, tmp_path / "3", table)
    whole = tmp_path / "whole"
    embed_images(_job(model, store, whole), table)
    again, expected = _read(model, whole, table)
    assert rows.equals(again)
    assert np.allclose(features, expected, atol=2e-3)  # batches of another size round differently


def test_a_missing_picture_is_named_by_its_pseudonym(
    model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path
) -> None:
    store, table = images
    with pytest.raises(StorageError, match="image I3"):
        embed_images(_job(model, store, tmp_path / "3"), table.assign(input_key="gone.png").iloc[3:4])
    assert not list(tmp_path.glob("3/*"))


def test_embeddings_of_two_models_do_not_mix(model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path) -> None:
    store, table = images
    embed_images(_job(model, store, tmp_path / "3"), table.iloc[:1])
    other = load_model(model)
    with torch.no_grad():
        next(other.solo.backbones.parameters()).add_(1)
    save_model(other, tmp_path / "other")
    with pytest.raises(ModelError, match="another model"):
        embed_images(_job(tmp_path / "other", store, tmp_path / "3"), table)


def test_a_patients_embeddings_can_be_removed_alone(
    model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, table = images
    monkeypatch.setattr(room, "_BLOCK", 3)
    embed_images(_job(model, store, tmp_path / "3"), table)
    _, before = _read(model, tmp_path / "3", table)
    held = embeddings_holding("P0", [tmp_path / "3"])
    assert len(held) == 1
    forget_rows("P0", held)
    assert embeddings_holding("P0", [tmp_path / "3"]) == ()
    rows, after = _read(model, tmp_path / "3", table)
    assert rows["image"].to_list() == sorted(table.loc[table["patient"] != "P0", "image"])
    assert np.array_equal(after, before[(table["patient"] != "P0").to_numpy()])
    assert not any(b"P0" in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


_KILLED = """
import sys, time
from pathlib import Path
import pandas as pd
from upath import UPath
from components.settings import TrainingSettings
from components.training import Embedding, embed_images, _embed_images
_embed_images._BLOCK = 1
model, store, folder, table = sys.argv[1:]
job = Embedding(model_dir=Path(model), version="3", store=UPath(store), size=32, folder=Path(folder),
                settings=TrainingSettings(workers=0, threads=1))
embed_images(job, pd.read_csv(table, dtype=str), progress=lambda *_: time.sleep(0.3))
"""


def test_a_killed_run_leaves_whole_files_only(model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path) -> None:
    store, table = images
    table.to_csv(tmp_path / "table.csv", index=False)
    words = [str(model), str(store), str(tmp_path / "3"), str(tmp_path / "table.csv")]
    running = subprocess.Popen([sys.executable, "-c", _KILLED, *words])
    while len(list((tmp_path / "3").glob("part-*.parquet"))) < 2:
        assert running.poll() is None
        time.sleep(0.05)
    os.kill(running.pid, signal.SIGKILL)
    running.wait()
    done, _ = _read(model, tmp_path / "3", table)
    assert 2 <= len(done) < 10
    assert embed_images(_job(model, store, tmp_path / "3"), table) == 10 - len(done)
    assert _read(model, tmp_path / "3", table)[1].shape == (10, 1280)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_ray_datas_actors_give_the_same(model: Path, images: tuple[UPath, pd.DataFrame], tmp_path: Path) -> None:
    store, table = images
    embed_images(_job(model, store, tmp_path / "here"), table)
    on_ray = _job(model, store, tmp_path / "ray", settings=TrainingSettings(workers=1, threads=1))
    assert embed_images(on_ray, table) == 10
    here, there = (_read(model, tmp_path / name, table) for name in ("here", "ray"))
    assert here[0].equals(there[0])
    assert np.array_equal(here[1], there[1])

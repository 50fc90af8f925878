"""Holds: a head answers beside the model whose features it reads, and beside no other."""

import logging
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import torch
from tiny_dicom import tiny_dicom

from components.models import HeadKind, load_model, make_head, prepare
from components.serving import Bundle, Follower
from components.training import Head, HeadConfig, backbones_digest

MakeBundle = Callable[..., Path]
_WIDTH = 1280  # MobileNetV2's features


class Shelf:
    """The registry by hand: models by version, and the heads in service with their folders."""

    def __init__(self, **models: Path) -> None:
        self.models = models
        self.champion = "one"
        self.heads: dict[str, tuple[str, Path]] = {}

    def champion_version(self) -> str:
        return self.champion

    def champions(self) -> dict[str, str]:
        return {finding: version for finding, (version, _) in self.heads.items()}


class Models(Shelf):
    """Gives models."""

    def fetch(self, which: str, folder: Path) -> Path:
        return Path(shutil.copytree(self.models[which], folder / which, dirs_exist_ok=True))


class Heads:
    """Gives heads."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.champions = shelf.champions

    def fetch(self, finding: str, version: str, folder: Path) -> Path:
        return Path(shutil.copytree(self._shelf.heads[finding][1], folder / f"{finding}-{version}", dirs_exist_ok=True))


def _head(folder: Path, model: Path, *, finding: str = "tuberculosis", seed: int = 0) -> Path:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = make_head(HeadKind.LINEAR, width=_WIDTH, dropout=0, outputs=1)
        torch.nn.init.normal_(network[-1].weight)
    config = HeadConfig(
        finding=finding,
        site="local",
        kind=HeadKind.LINEAR,
        width=_WIDTH,
        backbones=backbones_digest(model),
        model_version="1",
        threshold=0.5,
        learned_from={},
        validation_auc=None,
        created=datetime(2026, 3, 1, tzinfo=UTC),
    )
    Head(config, network.state_dict()).save(folder)
    return folder


@pytest.fixture
def shelf(make_bundle: MakeBundle) -> Models:
    return Models(one=make_bundle(1), two=make_bundle(2))


@pytest.fixture
def follower(shelf: Models, tmp_path: Path) -> Follower:
    return Follower(lambda: shelf, tmp_path / "models", poll_s=1, open_heads=lambda: Heads(shelf))


def _in_service(follower: Follower) -> Bundle:
    follower.look()
    assert follower.bundle is not None
    return follower.bundle


def test_a_head_answers_with_what_its_model_makes_of_the_picture(
    follower: Follower, shelf: Models, tmp_path: Path
) -> None:
    assert _in_service(follower).answer([tiny_dicom()]).additional_findings == {}
    shelf.heads["tuberculosis"] = "4", _head(tmp_path / "head", shelf.models["one"])
    bundle = _in_service(follower)
    assert follower.state.heads == {"tuberculosis": "4"}
    said = bundle.answer([tiny_dicom()]).additional_findings["tuberculosis"]
    picture = torch.from_numpy(bundle.read(tiny_dicom()).picture[np.newaxis].copy())
    with torch.inference_mode():
        features = load_model(shelf.models["one"]).solo.features(prepare(picture, bundle.model.config.image_size))
    expected = Head.load(tmp_path / "head").probabilities(features)[0]
    assert said.probability == pytest.approx(expected, abs=1e-3)
    assert (said.threshold, said.positive) == (0.5, said.probability >= 0.5)


def test_another_version_of_a_head_replaces_it_and_a_damaged_one_is_left_out(
    follower: Follower, shelf: Models, tmp_path: Path
) -> None:
    shelf.heads["tuberculosis"] = "1", _head(tmp_path / "head", shelf.models["one"])
    before = _in_service(follower).answer([tiny_dicom()])
    shelf.heads["tuberculosis"] = "2", _head(tmp_path / "other", shelf.models["one"], seed=1)
    broken = _head(tmp_path / "broken", shelf.models["one"], finding="silicosis")
    (broken / "head.safetensors").write_bytes(b"")
    shelf.heads["silicosis"] = "1", broken
    after = _in_service(follower).answer([tiny_dicom()])
    assert follower.state.heads == {"tuberculosis": "2"}
    assert before.additional_findings["tuberculosis"] != after.additional_findings["tuberculosis"]
    assert before.findings == after.findings


def test_a_head_that_reads_another_models_features_does_not_answer(
    follower: Follower, shelf: Models, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shelf.heads["tuberculosis"] = "1", _head(tmp_path / "head", shelf.models["one"])
    assert _in_service(follower).heads
    shelf.champion = "two"
    with caplog.at_level(logging.WARNING):
        assert _in_service(follower).answer([tiny_dicom()]).additional_findings == {}
    assert "radloop fit-head" in caplog.text
    shelf.champion = "one"
    assert _in_service(follower).heads, "back with its model"

"""Holds: two views go to DuoNet and one to SoloNet, heads sit on features, and models start from others' weights."""

from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file

from components.errors import ModelError
from components.models import (
    DuoNet,
    HeadKind,
    ModelConfig,
    StudyNet,
    load_model,
    make_head,
    prepare,
    save_model,
    start_from,
    start_from_generic,
)
from components.settings import Architecture

_SOLO = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.0)
_DUO = _SOLO.model_copy(update={"duo": True})
_FILE = "mobilenetv2_100.safetensors"


def _made(config: ModelConfig, seed: int = 0) -> StudyNet:
    torch.manual_seed(seed)
    return StudyNet(config).eval()


def _inputs(seed: int, number: int = 2) -> torch.Tensor:
    pictures = np.random.default_rng(seed).integers(0, 256, (number, 32, 32), dtype=np.uint8)
    return prepare(torch.from_numpy(pictures), 32)


def _same(first: torch.nn.Module, second: torch.nn.Module) -> bool:
    ours, theirs = first.state_dict(), second.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(value, theirs[name]) for name, value in ours.items())


@torch.inference_mode()
def test_two_views_go_to_duonet_and_one_to_solonet() -> None:
    model = _made(_DUO)
    frontal, lateral = _inputs(1), _inputs(2)
    assert model.duo is not None
    assert torch.equal(model(frontal), model.solo(frontal))
    assert torch.equal(model(frontal, lateral), model.duo(frontal, lateral))
    assert not torch.equal(model(frontal, lateral), model(frontal, frontal))
    assert torch.equal(model.probabilities(frontal, lateral), model.duo(frontal, lateral).sigmoid().mean(0))


@torch.inference_mode()
def test_with_a_test_time_flip_picture_and_mirror_image_answer_alike() -> None:
    model, frontal, lateral = _made(_DUO.model_copy(update={"test_time_flip": True})), _inputs(1), _inputs(2)
    for views, mirrored in (
        ((frontal,), (frontal.flip(3),)),
        ((frontal, lateral), (frontal.flip(3), lateral.flip(3))),
    ):
        alone = [model(*each).sigmoid().mean(0) for each in (views, mirrored)]
        assert not torch.allclose(*alone)
        assert torch.allclose(model.probabilities(*views), (alone[0] + alone[1]) / 2)
        assert torch.allclose(model.probabilities(*views), model.probabilities(*mirrored))


@torch.inference_mode()
def test_without_a_duonet_the_frontal_alone_decides() -> None:
    model = _made(_SOLO)
    assert torch.equal(model(_inputs(1), _inputs(2)), model(_inputs(1)))
    assert list(model.parts) == ["solo"]


@torch.inference_mode()
def test_duonet_joins_the_features_of_both_views() -> None:
    duo = DuoNet(_DUO).eval()
    (features,) = duo.features(_inputs(1), _inputs(2))
    assert features.shape == (2, 2 * 1280)
    (swapped,) = duo.features(_inputs(1), _inputs(3))
    assert torch.equal(features[:, :1280], swapped[:, :1280])
    assert not torch.equal(features[:, 1280:], swapped[:, 1280:])
    assert torch.equal(duo.classify([features]), duo(_inputs(1), _inputs(2)))


@pytest.mark.parametrize(("kind", "layers"), [(HeadKind.LINEAR, 1), (HeadKind.NONLINEAR, 3)])
def test_heads_have_the_layers_of_their_kind(kind: HeadKind, layers: int) -> None:
    head = make_head(kind, width=20, dropout=0.5, outputs=3)
    assert sum(isinstance(module, torch.nn.Linear) for module in head) == layers
    assert head(torch.zeros(4, 20)).shape == (4, 3)


@torch.inference_mode()
def test_a_saved_pair_answers_the_same(tmp_path: Path) -> None:
    model = _made(_DUO.model_copy(update={"head": HeadKind.NONLINEAR}))
    save_model(model, tmp_path / "model")
    loaded = load_model(tmp_path / "model")
    assert loaded.config == model.config
    assert torch.equal(loaded(_inputs(1), _inputs(2)), model(_inputs(1), _inputs(2)))


def test_a_model_starts_with_all_of_its_base() -> None:
    model, base = _made(_DUO, 1), _made(_DUO, 2)
    start_from(model, base)
    assert _same(model, base)


def test_a_new_duonet_sees_both_views_with_the_bases_eyes() -> None:
    model, base = _made(_DUO, 1), _made(_SOLO, 2)
    assert model.duo is not None
    start_from(model, base)
    assert _same(model.solo, base.solo)
    assert _same(model.duo.frontal, base.solo.backbones)
    assert _same(model.duo.lateral, base.solo.backbones)


def test_a_head_of_another_kind_stays_new() -> None:
    model, base = _made(_SOLO.model_copy(update={"head": HeadKind.NONLINEAR}), 1), _made(_SOLO, 2)
    before = _made(model.config, 1)
    start_from(model, base)
    assert _same(model.solo.backbones, base.solo.backbones)
    assert _same(model.solo.heads, before.solo.heads)


def test_generic_weights_of_three_channels_see_grey(tmp_path: Path) -> None:
    coloured = timm.create_model("mobilenetv2_100", pretrained=False)
    save_file(coloured.state_dict(), tmp_path / _FILE)
    model = _made(_DUO)
    start_from_generic(model, tmp_path)
    assert model.duo is not None
    for backbones in (model.solo.backbones, model.duo.frontal, model.duo.lateral):
        first = backbones[0].state_dict()["conv_stem.weight"]
        assert torch.allclose(first, coloured.state_dict()["conv_stem.weight"].sum(1, keepdim=True))


def test_missing_or_foreign_generic_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="weights_dir"):
        start_from_generic(_made(_SOLO), tmp_path)
    whole = timm.create_model("mobilenetv2_100", pretrained=False).state_dict()
    save_file({name: value for name, value in whole.items() if not name.startswith("bn2")}, tmp_path / _FILE)
    with pytest.raises(ModelError, match="not those of mobilenetv2_100"):
        start_from_generic(_made(_SOLO), tmp_path)

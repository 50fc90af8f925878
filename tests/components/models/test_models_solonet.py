"""Holds: what goes in, what comes out, and that weights are data that fit their network or are refused."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from components.errors import ModelError
from components.models import ModelConfig, SoloNet, StudyNet, load_model, prepare, save_model
from components.settings import Architecture, ModelSettings

_SMALL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.2)


@pytest.fixture(scope="module")
def small() -> StudyNet:
    torch.manual_seed(3)
    return StudyNet(_SMALL).eval()


@pytest.fixture
def saved(small: StudyNet, tmp_path: Path) -> Path:
    save_model(small, tmp_path / "model")
    return tmp_path / "model"


def _pictures(number: int, size: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (number, size, size), dtype=np.uint8))


def test_black_and_white_have_imagenets_grey_scale() -> None:
    ends = prepare(torch.tensor([[[0, 255]] * 2], dtype=torch.uint8), 2)
    assert ends.shape == (1, 1, 2, 2)
    assert ends[0, 0, 0].tolist() == pytest.approx([-0.449 / 0.226, (1 - 0.449) / 0.226], abs=1e-5)


def test_larger_pictures_are_averaged_not_sampled() -> None:
    stripes = torch.zeros(1, 64, 64, dtype=torch.uint8)
    stripes[:, :, ::2] = 255
    inner = prepare(stripes, 16)[0, 0, 2:-2, 2:-2] * 0.226 + 0.449
    assert inner.numpy() == pytest.approx(0.5, abs=0.02)


def test_prepare_leaves_its_pictures_alone() -> None:
    pictures = _pictures(2, 32)
    before = pictures.clone()
    prepare(pictures, 32)
    assert torch.equal(pictures, before)


def test_the_three_members_answer_and_are_averaged() -> None:
    model = StudyNet(ModelConfig.from_settings(ModelSettings(image_size=64, duo=False))).eval()
    inputs = prepare(_pictures(2, 64), 64)
    with torch.inference_mode():
        logits, probabilities = model(inputs), model.probabilities(inputs)
    assert logits.shape == (3, 2, 14)
    assert torch.allclose(probabilities, torch.sigmoid(logits).mean(0))
    assert [layer in set(model.solo.modules()) for layer in model.solo.feature_layers()] == [True] * 3


@pytest.mark.parametrize("architecture", Architecture)
@pytest.mark.parametrize(("size", "cells"), [(64, 8), (224, 7)])
def test_feature_layers_still_know_where(architecture: Architecture, size: int, cells: int) -> None:
    model = SoloNet(ModelConfig(members=(architecture,), image_size=size, dropout=0)).eval()
    caught: list[torch.Tensor] = []
    (layer,) = model.feature_layers()
    hook = layer.register_forward_hook(lambda *parts: caught.append(parts[2]))
    with torch.inference_mode():
        model(prepare(_pictures(1, size), size))
    hook.remove()
    assert caught[0].shape[-2:] == (cells, cells)


def test_a_saved_model_answers_the_same(small: StudyNet, saved: Path) -> None:
    loaded = load_model(saved)
    assert loaded.config == _SMALL
    assert not loaded.training
    inputs = prepare(_pictures(3, 32), 32)
    with torch.inference_mode():
        assert torch.equal(loaded.probabilities(inputs), small.probabilities(inputs))


@pytest.mark.parametrize("name", ["weights.pt", "weights.bin"])
def test_a_pickle_beside_the_config_is_refused(saved: Path, name: str) -> None:
    (saved / "weights.safetensors").rename(saved / name)
    with pytest.raises(ModelError, match="pickle"):
        load_model(saved)


def test_a_pickle_under_the_safe_name_is_refused_unopened(saved: Path) -> None:
    (saved / "weights.safetensors").write_bytes(pickle.dumps(_Trap()))
    with pytest.raises(ModelError, match="no safetensors file"):
        load_model(saved)


class _Trap:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return pytest.fail, ("the pickle was opened",)


def test_weights_of_another_architecture_are_refused(saved: Path) -> None:
    config = json.loads((saved / "config.json").read_text())
    config["members"] = ["densenet121"]
    (saved / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match="densenet121"):
        load_model(saved)


@pytest.mark.parametrize("change", ["lost", "reshaped", "added"])
def test_weights_that_do_not_fit_are_refused(saved: Path, change: str) -> None:
    weights = load_file(saved / "weights.safetensors")
    name = next(iter(weights))
    if change == "lost":
        del weights[name]
    elif change == "reshaped":
        weights[name] = weights[name].flatten()[:1].clone()
    else:
        weights["more"] = torch.zeros(1)
    save_file(weights, saved / "weights.safetensors")
    with pytest.raises(ModelError, match=r"1 of|1 are unknown"):
        load_model(saved)


@pytest.mark.parametrize("content", [None, "{", '{"kind": "studynet"}', '{"kind": "other"}'])
def test_a_missing_or_wrong_config_is_refused(saved: Path, content: str | None) -> None:
    (saved / "config.json").unlink()
    if content is not None:
        (saved / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"config\.json"):
        load_model(saved)


def test_the_outputs_are_always_the_fourteen_findings() -> None:
    with pytest.raises(ValueError, match="14 findings"):
        ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0, findings=("edema",))

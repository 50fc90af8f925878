"""Holds: the copy that answers says what the trained network says, with fewer passes, and leaves that one alone."""

import numpy as np
import pytest
import torch
from torch import nn

from components.evaluation import grad_cams
from components.findings import FINDINGS
from components.models import ModelConfig, StudyNet, for_inference, prepare
from components.settings import Architecture

_SIZE = 64


def _trained(architecture: Architecture, *, duo: bool = False) -> StudyNet:
    """With batch norms as far from the identity as training leaves them."""
    torch.manual_seed(4)
    model = StudyNet(ModelConfig(members=(architecture,), image_size=_SIZE, dropout=0.2, duo=duo))
    for norm in _norms(model):
        for values, low, high in ((norm.weight, 0.5, 1.5), (norm.running_var, 0.5, 2.0)):
            assert values is not None
            nn.init.uniform_(values, low, high)
        for values in (norm.bias, norm.running_mean):
            assert values is not None
            nn.init.normal_(values, std=0.2)
    return model.eval()


def _norms(model: nn.Module) -> list[nn.BatchNorm2d]:
    return [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]


def _pictures(number: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (number, _SIZE, _SIZE), dtype=np.uint8)


@pytest.mark.parametrize(
    ("architecture", "left"),
    # DenseNet's norms come before their convolutions: only those between the two of a layer follow one.
    [(Architecture.MOBILENETV2, 0), (Architecture.RESNEXT50, 0), (Architecture.DENSENET121, 62)],
)
def test_folded_networks_see_the_same(architecture: Architecture, left: int) -> None:
    model = _trained(architecture)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    answering = for_inference(model)
    inputs = prepare(torch.from_numpy(_pictures(3)), _SIZE)
    with torch.inference_mode():
        expected, given = model.solo.features(inputs)[0], answering.solo.features(inputs)[0]
    assert expected.std() > 1e-3
    assert torch.allclose(given, expected, rtol=1e-4, atol=1e-4 * float(expected.abs().max()))
    assert len(_norms(answering)) == left < len(_norms(model))
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("architecture", "most"),
    # In this DenseNet one ReLU stands at its kink, where rounding turns its gradient on or off: one step of grey.
    [(Architecture.MOBILENETV2, 1e-3), (Architecture.RESNEXT50, 1e-3), (Architecture.DENSENET121, 1 / 255)],
)
def test_with_two_views_and_in_explanations_nothing_changes(architecture: Architecture, most: float) -> None:
    model = _trained(architecture, duo=True)
    answering = for_inference(model)
    frontal, lateral = _pictures(4)[:2], _pictures(4)[2:]
    seen = [prepare(torch.from_numpy(pictures), _SIZE) for pictures in (frontal, lateral)]
    with torch.inference_mode():
        assert torch.allclose(answering.probabilities(*seen), model.probabilities(*seen), atol=1e-4)
    expected, given = (grad_cams(each, frontal, FINDINGS, lateral=lateral) for each in (model, answering))
    assert expected.frontal.max() == 1
    assert np.allclose(given.frontal, expected.frontal, atol=most)
    assert expected.lateral is not None
    assert given.lateral is not None
    assert np.allclose(given.lateral, expected.lateral, atol=most)


def test_a_network_in_training_answers_as_a_trained_one() -> None:
    model = _trained(Architecture.MOBILENETV2).train()
    assert not for_inference(model).training
    assert model.training

"""The optimiser and the course of its learning rate."""

import math

import torch
from torch import nn

from components.settings import TrainingSettings

_WARM_UP = 0.2  # share of the steps in which AdamW's rate rises
_FLOOR = 0.001  # share of the peak rate below which it does not fall
_WEIGHT_DECAY = 0.01


def make_optimizer(model: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """SGD with momentum .9 (Mohn et al.), or AdamW that decays weights but neither norms nor biases."""
    if settings.optimizer == "sgd":
        return torch.optim.SGD(model.parameters(), lr=settings.learning_rate, momentum=0.9)
    matrices = [parameter for parameter in model.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in model.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": _WEIGHT_DECAY}, {"params": others, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """The rate of one step, counted from 0, out of all: SGD's stays; AdamW's rises, then falls along a cosine."""
    if settings.optimizer == "sgd":
        return settings.learning_rate
    rising = _WARM_UP * steps
    if step < rising:
        share = (step + 1) / rising
    else:
        share = 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))
    return settings.learning_rate * min(1.0, max(share, _FLOOR))

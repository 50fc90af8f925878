"""The optimiser and the course of its learning rate."""

import math

import torch
from torch import nn

from components.settings import Optimizer, Schedule, TrainingSettings

_FLOOR = 0.001  # share of the peak rate below which it does not fall


def make_optimizer(network: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    """SGD with momentum, or AdamW; either decays kernels and matrices but neither norms nor biases."""
    matrices = [parameter for parameter in network.parameters() if parameter.ndim > 1]
    others = [parameter for parameter in network.parameters() if parameter.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": others, "weight_decay": 0.0}]
    if settings.optimizer == Optimizer.SGD:
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=settings.momentum)
    return torch.optim.AdamW(groups, lr=settings.learning_rate)


def learning_rate(settings: TrainingSettings, step: int, steps: int) -> float:
    """The rate of one step, counted from 0, out of all."""
    if settings.schedule == Schedule.CONSTANT:
        return settings.learning_rate
    rising = settings.warm_up * steps
    if step < rising:
        share = (step + 1) / rising
    else:
        share = 0.5 * (1 + math.cos(math.pi * (step - rising) / (steps - rising)))
    return settings.learning_rate * min(1.0, max(share, _FLOOR))

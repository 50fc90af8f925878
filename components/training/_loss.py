"""Weighted binary cross-entropy over 14 labels and several members."""

import numpy as np
import torch
from torch.nn import functional

from components import labels

_LARGEST = 10.0


def positive_weights(targets: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    """How much a positive counts beside a negative, float32 [14]: negatives / positives, but .1 to 10.

    Args:
        targets: float32 [N, 14], 0..1. weights: float32 [N, 14], 0 where the label is not known.
    """
    balanced = labels.positive_weights(targets.cpu().numpy(), weights.cpu().numpy())
    return torch.from_numpy(np.clip(balanced, 1 / _LARGEST, _LARGEST)).to(targets.device)


def ensemble_loss(
    logits: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor, *, positive: torch.Tensor
) -> torch.Tensor:
    """The members' losses summed: each learns as if it were alone.

    Args:
        logits: float [M, B, 14]. targets, weights: float32 [B, 14]. positive: float32 [14].
    """
    each = functional.binary_cross_entropy_with_logits(
        logits.float(), targets.expand_as(logits), pos_weight=positive, reduction="none"
    )
    return (each * weights).sum() / weights.sum().clamp(min=1)

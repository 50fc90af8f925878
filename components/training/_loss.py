"""The losses: weighted binary cross-entropy over 14 labels, and the supervised contrastive loss."""

import numpy as np
import torch
from torch.nn import functional

from components import labels


def positive_weights(targets: torch.Tensor, weights: torch.Tensor, *, limit: float = 10) -> torch.Tensor:
    """How much a positive counts beside a negative, float32 [14]: negatives / positives, but 1 / limit to limit.

    Args:
        targets: float32 [N, 14], 0..1. weights: float32 [N, 14], 0 where the label is not known.
        limit: at least 1.
    """
    balanced = labels.positive_weights(targets.cpu().numpy(), weights.cpu().numpy())
    return torch.from_numpy(np.clip(balanced, 1 / limit, limit)).to(targets.device)


def ensemble_loss(
    logits: torch.Tensor,
    targets: torch.Tensor,
    weights: torch.Tensor,
    *,
    positive: torch.Tensor,
    known: torch.Tensor | None = None,
) -> torch.Tensor:
    """The members' losses summed: each learns as if it were alone.

    Args:
        logits: float [M, B, 14]. targets, weights: float32 [B, 14]. positive: float32 [14].
        known: sum of the weights of the whole batch, where these are one worker's share of it.
    """
    each = functional.binary_cross_entropy_with_logits(
        logits.float(), targets.expand_as(logits), pos_weight=positive, reduction="none"
    )
    whole = weights.sum() if known is None else known
    return (each * weights).sum() / whole.clamp(min=1)


def supervised_contrast(points: torch.Tensor, classes: torch.Tensor, *, temperature: float) -> torch.Tensor:
    """The supervised contrastive loss L_out of Khosla et al. 2020: mean over the anchors that have a positive.

    For an anchor i with positives P(i), the other points of its class: the mean over p in P(i) of
    -log(exp(zᵢ·z_p / τ) / Σ_{a≠i} exp(zᵢ·z_a / τ)). 0 where no point has a positive.

    Args:
        points: float [N, D], of length 1. classes: int64 [N]. temperature: τ.
    """
    others = ~torch.eye(len(points), dtype=torch.bool, device=points.device)
    likeness = points.float() @ points.float().T / temperature
    log_share = likeness - likeness.masked_fill(~others, -torch.inf).logsumexp(dim=1, keepdim=True)
    positive = (classes[:, None] == classes) & others
    number = positive.sum(dim=1)
    of_anchor = -(log_share * positive).sum(dim=1) / number.clamp(min=1)
    return of_anchor.sum() / (number > 0).sum().clamp(min=1)

"""What stands on a backbone's pooled features: one layer, or a small network (Sellergren et al. 2022)."""

from itertools import pairwise

from torch import nn

from components.findings import FINDINGS
from components.models._config import HeadKind

_HIDDEN = (512, 256)


def make_head(kind: HeadKind, *, width: int, dropout: float, outputs: int = len(FINDINGS)) -> nn.Sequential:
    """A new head from features [B, width] to logits [B, outputs].

    Args:
        kind: linear, or non-linear with two hidden layers of 512 and 256.
        width: of the features.
        dropout: in training, before the first layer.
        outputs: how many logits.
    """
    widths = (width, *_HIDDEN) if kind is HeadKind.NONLINEAR else (width,)
    hidden = [layer for before, after in pairwise(widths) for layer in (nn.Linear(before, after), nn.ReLU())]
    return nn.Sequential(nn.Dropout(dropout), *hidden, nn.Linear(widths[-1], outputs))

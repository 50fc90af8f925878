"""Variation of the training pictures, drawn for a whole batch on its device."""

import math

import torch
from torch.nn import functional

_ROTATION = math.radians(10)
_BRIGHTNESS = 0.1
_HALF = 0.5


def augment(inputs: torch.Tensor, *, black: float, draws: torch.Generator) -> torch.Tensor:
    """The batch with each picture flipped (p .5), turned by up to ±10° (p .5), and lightly changed in exposure.

    Args:
        inputs: float32 [B, 1, H, W], prepared.
        black: the value of a black pixel in it; what turns in from outside is black.
        draws: generator on the CPU, so that every device draws the same.
    """
    flip, turn, turned, contrast, brightness = torch.rand(5, len(inputs), generator=draws).to(inputs.device)
    angle = (2 * turn - 1) * _ROTATION * (turned < _HALF)
    cosine, sine, mirror, zero = angle.cos(), angle.sin(), torch.where(flip < _HALF, -1.0, 1.0), torch.zeros_like(flip)
    rows = [torch.stack([cosine * mirror, -sine, zero], 1), torch.stack([sine * mirror, cosine, zero], 1)]
    grid = functional.affine_grid(torch.stack(rows, 1), list(inputs.shape), align_corners=False)
    moved: torch.Tensor = functional.grid_sample(inputs - black, grid, align_corners=False) + black
    gain = 1 + _BRIGHTNESS * (2 * contrast - 1)
    offset = _BRIGHTNESS * (2 * brightness - 1)
    exposed: torch.Tensor = moved * gain[:, None, None, None] + offset[:, None, None, None]
    return exposed

"""Variation of the training pictures, for a whole batch on its device."""

import math

import torch
from torch.nn import functional

from components.settings import AugmentationSettings

_DRAWS = 8


def draw(cases: int, views: int, draws: torch.Generator) -> torch.Tensor:
    """What decides how the pictures of some cases are varied: float32 [cases, views, 8] on the CPU, 0..1."""
    return torch.rand(cases, views, _DRAWS, generator=draws)


def augment(inputs: torch.Tensor, drawn: torch.Tensor, *, settings: AugmentationSettings, black: float) -> torch.Tensor:
    """The batch with each picture mirrored, turned, moved and changed in exposure as the settings say.

    Args:
        inputs: float32 [B, 1, H, W], prepared.
        drawn: float32 [B, 8] on the CPU, 0..1, of `draw`.
        settings: how often and how far.
        black: the value of a black pixel; what comes in from outside is black.
    """
    drawn = drawn.T
    mirrored, turned = drawn[0] < settings.flip, drawn[1] < settings.rotate
    varied = torch.where(mirrored.to(inputs.device)[:, None, None, None], inputs.flip(3), inputs)
    moved = turned | bool(settings.zoom or settings.shift)
    if moved.any():
        rows = moved.nonzero()[:, 0].to(inputs.device)
        varied[rows] = _resampled(varied[rows], _maps(drawn, turned, settings)[moved].to(inputs.device), black)
    if settings.exposure:
        gain, offset = (settings.exposure * (2 * drawn[6:] - 1)).to(inputs.device)[..., None, None, None]
        varied = varied * (1 + gain) + offset
    return varied


def _maps(drawn: torch.Tensor, turned: torch.Tensor, settings: AugmentationSettings) -> torch.Tensor:
    """Where each output pixel is taken from, in shares of half a side: float32 [B, 2, 3]."""
    angle = (2 * drawn[2] - 1) * math.radians(settings.degrees) * turned
    scale = 1 + settings.zoom * (2 * drawn[3] - 1)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    right, down = 2 * settings.shift * (2 * drawn[4:6] - 1)
    return torch.stack([torch.stack([cosine, -sine, right], 1), torch.stack([sine, cosine, down], 1)], 1)


def _resampled(pictures: torch.Tensor, maps: torch.Tensor, black: float) -> torch.Tensor:
    """Bilinear. The grid is made here: torch's affine_grid takes three times as long as the sampling on a CPU."""
    height, width = pictures.shape[-2:]
    x, y = ((torch.arange(cells, device=pictures.device) + 0.5) * (2 / cells) - 1 for cells in (width, height))
    along, across, offset = (maps[:, :, column, None, None] for column in range(3))
    grid = (along * x + (across * y[:, None] + offset)).movedim(1, -1)
    sampled: torch.Tensor = functional.grid_sample(pictures - black, grid, align_corners=False)
    return sampled + black

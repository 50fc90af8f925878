"""From stored pictures to the network's input."""

import torch
from torch.nn import functional

_MEAN = 0.449  # ImageNet's (.485, .456, .406) and (.229, .224, .225), averaged: the pictures have one channel
_DEVIATION = 0.226


def prepare(images: torch.Tensor, size: int) -> torch.Tensor:
    """The network's input, on the device where the pictures are.

    Args:
        images: uint8 [B, H, W], 0..255, air dark.
        size: side of the network's input in pixels; pictures of another size are resized, antialiased.

    Returns:
        float32 [B, 1, size, size], ImageNet mean and deviation adjusted to grey.
    """
    pixels = images.unsqueeze(1).float()
    if pixels.shape[-2:] != (size, size):
        pixels = functional.interpolate(pixels, size=(size, size), mode="bilinear", antialias=True)
    return pixels.mul_(1 / (255 * _DEVIATION)).sub_(_MEAN / _DEVIATION)

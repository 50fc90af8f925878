"""Where in the picture a finding's probability comes from: Grad-CAM (Selvaraju et al. 2017) over the ensemble."""

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.findings import FINDINGS, Finding

if TYPE_CHECKING:
    import torch

    from components.models import SoloNet

_HEAT = np.array([[0, 0, 0], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], dtype=np.float64)
_STRONGEST = 0.6  # opacity of the hottest place: the anatomy stays readable below it


def grad_cam(model: "SoloNet", image: NDArray[np.uint8], finding: Finding) -> NDArray[np.float32]:
    """How much each place of the picture speaks for the finding: the mean of the members' maps.

    For each member: the last convolution layer's channels, weighted by the mean gradient of the finding's logit,
    summed, negative evidence cut off, divided by the largest. Other threads may predict with the model meanwhile.

    Args:
        model: in eval mode.
        image: uint8 [H, W], MONOCHROME2 sense.
        finding: one of the 14.

    Returns:
        float32 [H, W], 0..1, its largest value 1; all 0 where no place speaks for the finding.
    """
    import torch
    from torch.nn import functional

    from components.models import prepare

    device = next(model.parameters()).device
    layers = model.feature_layers()
    with torch.enable_grad():
        inputs = prepare(torch.from_numpy(np.ascontiguousarray(image)).to(device)[None], model.config.image_size)
        logits, features = _forward(model, layers, inputs)
        score = logits[:, 0, FINDINGS.index(finding)].sum()  # each member's gradient reaches only its own layer
        gradients = torch.autograd.grad(score, features)
    maps = [
        functional.interpolate(_map(feature, gradient), size=image.shape, mode="bilinear", align_corners=False)
        for feature, gradient in zip(features, gradients, strict=True)
    ]
    mean = torch.stack(maps).mean(dim=0)[0, 0]
    return (mean / mean.max().clamp(min=torch.finfo(mean.dtype).tiny)).clamp(0, 1).float().cpu().numpy()


def _forward(
    model: "SoloNet", layers: "list[torch.nn.Module]", inputs: "torch.Tensor"
) -> "tuple[torch.Tensor, list[torch.Tensor]]":
    """Logits [M, 1, 14] and what each layer gave, [1, C, h, w]."""
    caught: dict[int, torch.Tensor] = {}
    this_thread = threading.get_ident()

    def catch(number: int) -> Any:
        def hook(_: Any, __: Any, output: "torch.Tensor") -> "torch.Tensor | None":
            if threading.get_ident() != this_thread:
                return None
            caught[number] = output if output.requires_grad else output.detach().requires_grad_()
            return caught[number].clone()  # what follows may work in place

        return hook

    with ExitStack() as hooks:
        for number, layer in enumerate(layers):
            hooks.callback(layer.register_forward_hook(catch(number)).remove)
        logits = model(inputs)
    return logits, [caught[number] for number in range(len(layers))]


def _map(feature: "torch.Tensor", gradient: "torch.Tensor") -> "torch.Tensor":
    """One member's map, [1, 1, h, w], its largest value 1 (or all 0)."""
    weighted = (gradient.mean(dim=(2, 3), keepdim=True) * feature.detach()).sum(dim=1, keepdim=True).relu()
    largest = weighted.max()
    return weighted / largest if largest > 0 else weighted


def overlay(image: NDArray[np.uint8], heat: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The picture in grey with the heat laid over it, the hotter the more opaque.

    Args:
        image: uint8 [H, W]. heat: float32 [H, W], 0..1.

    Returns:
        uint8 [H, W, 3], RGB.
    """
    strength = np.clip(heat, 0, 1).astype(np.float64)
    stops = np.linspace(0, 1, len(_HEAT))
    colour = np.stack([np.interp(strength, stops, _HEAT[:, channel]) for channel in range(3)], axis=-1)
    opacity = (_STRONGEST * strength)[..., np.newaxis]
    grey = np.repeat(image[..., np.newaxis].astype(np.float64), 3, axis=-1)
    return np.asarray(np.round(grey * (1 - opacity) + colour * opacity).astype(np.uint8))

"""Where in a study's pictures a finding's probability comes from: Grad-CAM (Selvaraju et al. 2017), all members."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from components.findings import FINDINGS, Finding

if TYPE_CHECKING:
    import torch

    from components.models import StudyNet

_HEAT = np.array([[0, 0, 0], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], dtype=np.float64)
_STRONGEST = 0.6  # opacity of the hottest place: the anatomy stays readable below it


@dataclass(frozen=True, kw_only=True)
class Heat:
    """How much each place speaks for each finding: float32 [B, findings, H, W], 0..1.

    The two views of a study share one scale: its largest value, in whichever picture, is 1; all is 0 where no place
    speaks for the finding. lateral: None where the model did not look at one.
    """

    frontal: NDArray[np.float32]
    lateral: NDArray[np.float32] | None


def grad_cam(model: "StudyNet", image: NDArray[np.uint8], finding: Finding) -> NDArray[np.float32]:
    """The heat of one frontal picture alone.

    Args:
        model: in eval mode.
        image: uint8 [H, W], MONOCHROME2 sense.
        finding: one of the 14.

    Returns:
        float32 [H, W], 0..1, its largest value 1; all 0 where no place speaks for the finding.
    """
    return np.asarray(grad_cams(model, image[np.newaxis], (finding,)).frontal[0, 0])


def grad_cams(
    model: "StudyNet",
    frontal: NDArray[np.uint8],
    findings: Sequence[Finding],
    *,
    lateral: NDArray[np.uint8] | None = None,
    batch_size: int = 8,
) -> Heat:
    """The heat of several studies' pictures for several findings: the mean of the members' maps.

    For each member: the last convolution layer's channels, weighted by the mean gradient of the finding's logit,
    summed, negative evidence cut off, divided by the study's largest. The pictures run forward once for all findings;
    so do their mirror images where the model answers by both, and the heat is the mean.
    Other threads may predict with the model meanwhile.

    Args:
        model: in eval mode. With a lateral picture and a DuoNet the DuoNet is explained, else the SoloNet.
        frontal: uint8 [B, H, W], MONOCHROME2 sense.
        findings: of the 14.
        lateral: of the same studies, uint8 [B, H, W].
        batch_size: how many studies run at once.
    """
    views = (frontal,) if lateral is None or model.duo is None else (frontal, lateral)
    batches = [
        tuple(view[start : start + batch_size] for view in views) for start in range(0, len(frontal), batch_size)
    ]
    explain = _of_both if model.config.test_time_flip else _of_batch
    heats = [explain(model, batch, findings) for batch in batches]
    whole = [np.concatenate(parts) for parts in zip(*heats, strict=True)]
    return Heat(frontal=whole[0], lateral=whole[1] if len(whole) > 1 else None)


def _of_both(
    model: "StudyNet", views: tuple[NDArray[np.uint8], ...], findings: Sequence[Finding]
) -> list[NDArray[np.float32]]:
    """As `_of_batch`, the mean over the pictures and their mirror images."""
    as_they_are = _of_batch(model, views, findings)
    mirrored = _of_batch(model, tuple(view[..., ::-1] for view in views), findings)
    means = [one + other[..., ::-1] for one, other in zip(as_they_are, mirrored, strict=True)]
    largest = np.max([mean.max(axis=(2, 3), keepdims=True) for mean in means], axis=0)
    return [mean / np.maximum(largest, np.finfo(np.float32).tiny) for mean in means]


def _of_batch(
    model: "StudyNet", views: tuple[NDArray[np.uint8], ...], findings: Sequence[Finding]
) -> list[NDArray[np.float32]]:
    """For each view float32 [B, findings, H, W]."""
    import torch

    from components.models import prepare

    device = next(model.parameters()).device
    with torch.enable_grad():
        inputs = [
            prepare(torch.from_numpy(np.ascontiguousarray(view)).to(device), model.config.image_size) for view in views
        ]
        logits, features = _forward(model, inputs)
        heats = [_of_finding(logits[:, :, FINDINGS.index(finding)].sum(), features, views) for finding in findings]
    return [np.stack([heat[number] for heat in heats], axis=1) for number in range(len(views))]


def _of_finding(
    score: "torch.Tensor", features: "list[list[torch.Tensor]]", views: tuple[NDArray[np.uint8], ...]
) -> list[NDArray[np.float32]]:
    """For each view float32 [B, H, W]; the score is a sum, in which each study's picture reaches its own part alone."""
    import torch

    flat = [feature for of_view in features for feature in of_view]
    gradients = iter(torch.autograd.grad(score, flat, retain_graph=True))
    maps = [[_evidence(feature, next(gradients)) for feature in of_view] for of_view in features]
    largest = [_largest(list(of_member)) for of_member in zip(*maps, strict=True)]
    means = [_mean(of_view, largest, view.shape[1:]) for of_view, view in zip(maps, views, strict=True)]
    scale = _largest(means)
    return [(mean / scale).clamp(0, 1)[:, 0].float().cpu().numpy() for mean in means]


def _mean(maps: "list[torch.Tensor]", largest: "list[torch.Tensor]", shape: tuple[int, ...]) -> "torch.Tensor":
    """The members' maps of one view, each over its largest, at the picture's own size: [B, 1, H, W]."""
    import torch
    from torch.nn import functional

    sized = [
        functional.interpolate(one / scale, shape, mode="bilinear") for one, scale in zip(maps, largest, strict=True)
    ]
    return torch.stack(sized).mean(dim=0)


def _evidence(feature: "torch.Tensor", gradient: "torch.Tensor") -> "torch.Tensor":
    """One member's map of one view, [B, 1, h, w], not below 0."""
    return (gradient.mean(dim=(2, 3), keepdim=True) * feature.detach()).sum(dim=1, keepdim=True).relu()


def _largest(views: "list[torch.Tensor]") -> "torch.Tensor":
    """The largest value of each study over its views, [B, 1, 1, 1]; a hair above 0 where all is 0."""
    import torch

    of_views = torch.stack([view.amax(dim=(1, 2, 3)) for view in views])
    return of_views.amax(dim=0).clamp(min=torch.finfo(of_views.dtype).tiny)[:, None, None, None]


def _forward(model: "StudyNet", inputs: "list[torch.Tensor]") -> "tuple[torch.Tensor, list[list[torch.Tensor]]]":
    """Logits [M, B, 14], and for each view what each member's layer gave, [B, C, h, w]."""
    layers = [model.solo.feature_layers()] if len(inputs) == 1 or model.duo is None else model.duo.feature_layers()
    caught: dict[int, torch.Tensor] = {}
    this_thread = threading.get_ident()

    def catch(number: int) -> Any:
        def hook(_: Any, __: Any, output: "torch.Tensor") -> "torch.Tensor | None":
            if threading.get_ident() != this_thread:
                return None
            caught[number] = output.detach().requires_grad_()  # nothing below the layer is asked for a gradient
            return caught[number].clone()  # what follows may work in place

        return hook

    with ExitStack() as hooks:
        for number, layer in enumerate(layer for of_view in layers for layer in of_view):
            hooks.callback(layer.register_forward_hook(catch(number)).remove)
        logits = model(*inputs)
    numbers: Iterator[int] = iter(range(len(caught)))
    return logits, [[caught[next(numbers)] for _ in of_view] for of_view in layers]


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

"""SoloNet (Mohn et al.): independent networks on one view, their probabilities averaged."""

from typing import Any, cast

import torch
from torch import nn

from components.models._config import ModelConfig
from components.settings import Architecture

# What the pooling before the classifier sees: the last layer that still knows where.
_LAST_FEATURES = {
    Architecture.DENSENET121: "features.norm5",
    Architecture.RESNEXT50: "layer4",
    Architecture.MOBILENETV2: "bn2",
}
_LAST_REDUCTION = 32  # pixels of the picture to a cell of the last layer, in all three
_FEWEST_CELLS = 7  # a side, as on the 224 pixels that Grad-CAM was published for


class SoloNet(nn.Module):
    """The ensemble's members side by side; new ones start from random weights."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.members = nn.ModuleList(_member(architecture, config) for architecture in config.members)

    def forward(self, inputs: torch.Tensor) -> torch.Tensor:
        """Logits of each member, float [M, B, 14], for prepared pictures [B, 1, H, W]."""
        return torch.stack([member(inputs) for member in self.members])

    def probabilities(self, inputs: torch.Tensor) -> torch.Tensor:
        """The ensemble's answer, float [B, 14] 0..1: the mean of the members' probabilities."""
        return cast("torch.Tensor", self(inputs)).sigmoid().mean(dim=0)

    def feature_layers(self) -> list[nn.Module]:
        """For each member the layer whose output, [B, C, h, w], Grad-CAM weighs: the last that still says where.

        On pictures of 224 pixels and more that is the one which is pooled for the classifier; on smaller ones an
        earlier one, since the last would have fewer than 7 cells a side (2 on 64 pixels).
        """
        return [
            member.get_submodule(_layer_that_says_where(member, architecture, self.config.image_size))
            for member, architecture in zip(self.members, self.config.members, strict=True)
        ]


def _layer_that_says_where(member: nn.Module, architecture: Architecture, image_size: int) -> str:
    if image_size >= _FEWEST_CELLS * _LAST_REDUCTION:
        return _LAST_FEATURES[architecture]
    stages = cast("Any", member).feature_info  # timm's: module and reduction of each stage, finest first
    fine_enough = [stage["module"] for stage in stages if image_size // stage["reduction"] >= _FEWEST_CELLS]
    return str((fine_enough or [stages[0]["module"]])[-1])


def _member(architecture: Architecture, config: ModelConfig) -> nn.Module:
    import timm  # slow to import

    network: Any = timm.create_model(
        architecture.value,
        pretrained=False,
        in_chans=1,
        num_classes=len(config.findings),
        drop_rate=config.dropout,
    )
    return cast("nn.Module", network)

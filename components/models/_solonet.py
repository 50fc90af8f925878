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
        """For each member the layer whose output, [B, C, h, w], is pooled for the classifier (for Grad-CAM)."""
        return [
            member.get_submodule(_LAST_FEATURES[architecture])
            for member, architecture in zip(self.members, self.config.members, strict=True)
        ]


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

"""SoloNet (Mohn et al.): independent networks on one view, their probabilities averaged."""

import torch
from torch import nn

from components.models._backbone import layer_that_says_where, make_backbone, width_of
from components.models._config import ModelConfig
from components.models._head import make_head


class SoloNet(nn.Module):
    """The ensemble's members side by side, each a backbone and a head."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.backbones = nn.ModuleList(make_backbone(architecture) for architecture in config.members)
        self.heads = nn.ModuleList(
            make_head(config.head, width=width_of(backbone), dropout=config.dropout) for backbone in self.backbones
        )

    def forward(self, frontal: torch.Tensor) -> torch.Tensor:
        """Logits of each member, float [M, B, 14], for prepared pictures [B, 1, H, W]."""
        return self.classify(self.features(frontal))

    def features(self, frontal: torch.Tensor) -> list[torch.Tensor]:
        """What each member's backbone makes of prepared pictures [B, 1, H, W]: float [B, D], pooled; D by member."""
        return [backbone(frontal) for backbone in self.backbones]

    def classify(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Logits of each member, float [M, B, 14], for the features that its backbone gave."""
        return torch.stack([head(of_member) for head, of_member in zip(self.heads, features, strict=True)])

    def feature_layers(self) -> list[nn.Module]:
        """For each member the layer that Grad-CAM weighs."""
        return [
            layer_that_says_where(backbone, architecture, self.config.image_size)
            for backbone, architecture in zip(self.backbones, self.config.members, strict=True)
        ]

"""DuoNet (Mohn et al.): each member sees the frontal and the lateral image of a study and judges both together."""

import torch
from torch import nn

from components.models._backbone import layer_that_says_where, make_backbone, width_of
from components.models._config import ModelConfig
from components.models._head import make_head


class DuoNet(nn.Module):
    """The ensemble's members side by side, each two backbones of one kind whose features one head joins."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.frontal = nn.ModuleList(make_backbone(architecture) for architecture in config.members)
        self.lateral = nn.ModuleList(make_backbone(architecture) for architecture in config.members)
        self.heads = nn.ModuleList(
            make_head(config.head, width=2 * width_of(backbone), dropout=config.dropout) for backbone in self.frontal
        )

    def forward(self, frontal: torch.Tensor, lateral: torch.Tensor) -> torch.Tensor:
        """Logits of each member, float [M, B, 14], for the prepared pictures of B studies, [B, 1, H, W] each."""
        return self.classify(self.features(frontal, lateral))

    def features(self, frontal: torch.Tensor, lateral: torch.Tensor) -> list[torch.Tensor]:
        """What each member's backbones make of both views: float [B, 2 D], the frontal's features first."""
        return [
            torch.cat([of_frontal(frontal), of_lateral(lateral)], dim=1)
            for of_frontal, of_lateral in zip(self.frontal, self.lateral, strict=True)
        ]

    def classify(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Logits of each member, float [M, B, 14], for the features that its backbones gave."""
        return torch.stack([head(of_member) for head, of_member in zip(self.heads, features, strict=True)])

    def feature_layers(self) -> tuple[list[nn.Module], list[nn.Module]]:
        """For each member the layer that Grad-CAM weighs: in the frontal backbones, and in the lateral ones."""
        frontal, lateral = (
            [
                layer_that_says_where(backbone, architecture, self.config.image_size)
                for backbone, architecture in zip(backbones, self.config.members, strict=True)
            ]
            for backbones in (self.frontal, self.lateral)
        )
        return frontal, lateral

"""The model of a study: with two views DuoNet answers, with one SoloNet (Mohn et al.)."""

from collections.abc import Mapping
from pathlib import Path
from typing import cast

import torch
from torch import nn

from components.models._backbone import generic_backbone
from components.models._config import ModelConfig
from components.models._duonet import DuoNet
from components.models._solonet import SoloNet


class StudyNet(nn.Module):
    """SoloNet and, where the config says so, DuoNet; they share nothing. New ones start from random weights."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.solo = SoloNet(config)
        self.duo = DuoNet(config) if config.duo else None

    def forward(self, frontal: torch.Tensor, lateral: torch.Tensor | None = None) -> torch.Tensor:
        """Logits of each member of the network in charge, float [M, B, 14].

        Args:
            frontal: prepared pictures [B, 1, H, W].
            lateral: of the same studies; None where they have none.
        """
        if self.duo is None or lateral is None:
            return cast("torch.Tensor", self.solo(frontal))
        return cast("torch.Tensor", self.duo(frontal, lateral))

    def probabilities(self, frontal: torch.Tensor, lateral: torch.Tensor | None = None) -> torch.Tensor:
        """The ensemble's answer, float [B, 14] 0..1: the mean of the members' probabilities.

        Where the config says so, of the pictures and their mirror images: a network that learned from both says of
        either the same, but for its errors.
        """
        seen = [(frontal, lateral)]
        if self.config.test_time_flip:
            seen.append((frontal.flip(3), None if lateral is None else lateral.flip(3)))
        said = [cast("torch.Tensor", self(*views)).sigmoid().mean(dim=0) for views in seen]
        return torch.stack(said).mean(dim=0)

    @property
    def parts(self) -> Mapping[str, SoloNet | DuoNet]:
        """The networks by name: "solo" and, where there is one, "duo"."""
        return {"solo": self.solo} if self.duo is None else {"solo": self.solo, "duo": self.duo}


def start_from(model: StudyNet, base: StudyNet) -> None:
    """Takes over the base's weights; a DuoNet that the base lacks gets its SoloNet's backbones for both views.

    A head of another kind than the base's stays as it is.
    """
    _take_over(model.solo, base.solo)
    if model.duo is None:
        return
    if base.duo is not None:
        _take_over(model.duo, base.duo)
        return
    model.duo.frontal.load_state_dict(base.solo.backbones.state_dict())
    model.duo.lateral.load_state_dict(base.solo.backbones.state_dict())


def start_from_generic(model: StudyNet, folder: Path) -> None:
    """Gives every backbone the generic weights of its architecture out of `folder`.

    Raises:
        ModelError: a file is missing, or is of another architecture.
    """
    of_duo = [] if model.duo is None else [model.duo.frontal, model.duo.lateral]
    for number, architecture in enumerate(model.config.members):
        state = generic_backbone(architecture, folder).state_dict()
        for backbones in (model.solo.backbones, *of_duo):
            backbones[number].load_state_dict(state)


def _take_over(part: SoloNet | DuoNet, base: SoloNet | DuoNet) -> None:
    same_heads = part.config.head is base.config.head
    state = base.state_dict()
    part.load_state_dict(
        {
            name: state[name] if same_heads or not name.startswith("heads.") else own
            for name, own in part.state_dict().items()
        }
    )

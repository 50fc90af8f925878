"""Models that look at known places, and snapshots of pictures with bright spots there."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import torch

from components.catalog import Side
from components.datasets import Origin, Snapshot, write_snapshot
from components.findings import FINDINGS, Finding
from components.settings import SplitSettings, UncertainPolicy

SIDE = 64


class BrightSpots(torch.nn.Module):
    """SoloNet's two members: for the first, edema is more of bright spots, fracture fewer, all else is nothing.

    The second member is blind to everything: its map is empty and must not disturb the mean.
    """

    def __init__(self) -> None:
        super().__init__()
        self.layers = torch.nn.ModuleList(_bright_spots(seeing) for seeing in (True, False))
        self.heads = torch.nn.ModuleList(_head(seeing) for seeing in (True, False))

    def feature_layers(self) -> list[torch.nn.Module]:
        return list(self.layers)

    def forward(self, frontal: torch.Tensor) -> torch.Tensor:
        both = zip(self.layers, self.heads, strict=True)
        return torch.stack([head(layer(frontal).mul_(2).mean(dim=(2, 3))) for layer, head in both])


class BrightSpotsInBoth(torch.nn.Module):
    """DuoNet's one member: edema is bright spots in both views, those of the lateral count `lateral` times."""

    def __init__(self, lateral: float) -> None:
        super().__init__()
        self.share = lateral
        self.views = torch.nn.ModuleList(_bright_spots(True) for _ in range(2))
        self.head = _head(True)

    def feature_layers(self) -> tuple[list[torch.nn.Module], list[torch.nn.Module]]:
        return [self.views[0]], [self.views[1]]

    def forward(self, frontal: torch.Tensor, lateral: torch.Tensor) -> torch.Tensor:
        seen = [layer(view).mean(dim=(2, 3)) for layer, view in zip(self.views, (frontal, lateral), strict=True)]
        return self.head(seen[0] + self.share * seen[1])[None]


class LookingNet(torch.nn.Module):
    """Of StudyNet's form: the SoloNet above and, with a weight for the lateral view, the DuoNet."""

    def __init__(self, lateral: float | None = None, *, test_time_flip: bool = False) -> None:
        super().__init__()
        self.config = SimpleNamespace(image_size=SIDE, test_time_flip=test_time_flip)
        self.solo = BrightSpots()
        self.duo = None if lateral is None else BrightSpotsInBoth(lateral)
        self.eval()

    def forward(self, frontal: torch.Tensor, lateral: torch.Tensor | None = None) -> torch.Tensor:
        return self.solo(frontal) if self.duo is None or lateral is None else self.duo(frontal, lateral)


def spot(row: int, column: int, side: int = SIDE) -> np.ndarray:
    """A dark picture with one bright spot: uint8 [side, side]."""
    rows, columns = np.mgrid[:side, :side]
    return np.where((rows - row) ** 2 + (columns - column) ** 2 < 40, 250, 20).astype(np.uint8)


def snapshot_of(
    folder: Path,
    pictures: Sequence[tuple[str, str, np.ndarray]],
    *,
    present: Mapping[str, Sequence[Finding]],
) -> Snapshot:
    """A snapshot whose locked side holds these (study, view, picture); findings not `present` in a study are absent."""
    studies = [study for study, _, _ in pictures]
    manifest = pd.DataFrame(
        {
            "row": range(len(pictures)),
            "image": [f"2.25.{number}" for number in range(len(pictures))],
            "study": studies,
            "patient": [f"P{study}" for study in studies],
            "side": Side.TEST.value,
            "view": [view for _, view, _ in pictures],
            "source": "labeler",
        }
    )
    for finding in FINDINGS:
        manifest[f"label_{finding}"] = np.int8([finding in present.get(study, ()) for study in studies])
        manifest[f"target_{finding}"] = np.float32(0)
        manifest[f"weight_{finding}"] = np.float32(1)
    origin = Origin(site="local", seed=0, split=SplitSettings(), uncertain=UncertainPolicy.SOFT, preprocessing="1")
    packed = np.stack([picture for _, _, picture in pictures])
    return write_snapshot(folder, manifest=manifest, pictures=[packed], origin=origin)


def _bright_spots(seeing: bool) -> torch.nn.Module:
    convolution = torch.nn.Conv2d(1, 2, 5, stride=4, padding=2)
    torch.nn.init.zeros_(convolution.weight)
    torch.nn.init.zeros_(convolution.bias)
    if seeing:
        convolution.weight.data[0] = 1 / 25
        convolution.bias.data[0] = -2.0
    return torch.nn.Sequential(convolution, torch.nn.ReLU())


def _head(seeing: bool) -> torch.nn.Linear:
    head = torch.nn.Linear(2, len(FINDINGS))
    torch.nn.init.zeros_(head.weight)
    torch.nn.init.zeros_(head.bias)
    if seeing:
        head.weight.data[FINDINGS.index(Finding.EDEMA), 0] = 1.0
        head.weight.data[FINDINGS.index(Finding.FRACTURE), 0] = -1.0
    return head

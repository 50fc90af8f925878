"""What a model's backbones make of a snapshot's pictures: computed once, used by every head."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from components.datasets import Snapshot
from components.findings import FINDINGS
from components.models import DuoNet, SoloNet, StudyNet, for_inference, prepare
from components.settings import AugmentationSettings
from components.training._augment import augment, draw

_BATCH = 32  # pictures through the backbones at once: more gain nothing on CPUs, and a GPU is full
_NONE = AugmentationSettings()
_SEES = {SoloNet: ("row",), DuoNet: ("row", "lateral")}


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What a head learns from or is judged by: features float32 [N, D]; targets, weights float32 [N, K]."""

    features: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor

    def __len__(self) -> int:
        return len(self.features)

    def at(self, chosen: torch.Tensor) -> "Rows":
        """Some of them, by number or mask."""
        return Rows(features=self.features[chosen], targets=self.targets[chosen], weights=self.weights[chosen])

    def masked(self, labels: torch.Tensor) -> "Rows":
        """The same, of which only these labels (bool [K]) count."""
        return replace(self, weights=self.weights * labels)


Embedded = Mapping[str, Sequence[Rows]]
"""Network ("solo", "duo") → what each of its members sees of the cases that the network can judge."""


def embed(  # noqa: PLR0913  what is seen, and how
    model: StudyNet,
    snapshot: Snapshot,
    cases: pd.DataFrame,
    *,
    views: int = 1,
    variation: AugmentationSettings = _NONE,
    seed: int = 0,
) -> Embedded:
    """The cases through the backbones of SoloNet and, where they have a lateral image, of DuoNet.

    Args:
        model: in eval mode, on the device where the work is to be done and the features are to lie.
        snapshot: that holds the pictures.
        cases: of `Snapshot.cases`.
        views: how often each picture is seen: first as it is, then varied.
        variation: how, as in training.
        seed: of the variation.
    """
    found: dict[str, list[Rows]] = {}
    for name, part in model.parts.items():
        judged = cases if isinstance(part, SoloNet) else cases[cases["lateral"] >= 0]
        targets, weights = (_columns(judged, kind, part).repeat(views, 1) for kind in ("target", "weight"))
        seen = _seen(part, snapshot, judged, views=views, variation=variation, seed=seed)
        members = zip(*seen, strict=True)
        found[name] = [Rows(features=torch.cat(member), targets=targets, weights=weights) for member in members]
    return found


def embeddings_of(model: StudyNet, snapshot: Snapshot, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """The pooled features of SoloNet's members side by side, [N, D], of the snapshot's pictures with these numbers."""
    parts = [torch.cat(members, dim=1) for members in _seen(model.solo, snapshot, pd.DataFrame({"row": rows}))]
    return torch.cat(parts).cpu().numpy()


@torch.no_grad()  # not inference mode: the heads' gradients pass through what comes out
def _seen(  # noqa: PLR0913  what is seen, and how
    part: SoloNet | DuoNet,
    snapshot: Snapshot,
    cases: pd.DataFrame,
    *,
    views: int = 1,
    variation: AugmentationSettings = _NONE,
    seed: int = 0,
) -> Iterator[list[torch.Tensor]]:
    """The members' features of one batch after another, float32 [B, D]; all cases, then all again, varied."""
    part = for_inference(part)
    device, size = next(part.parameters()).device, part.config.image_size
    black = float(prepare(torch.zeros(1, 1, 1, dtype=torch.uint8), 1))
    draws = torch.Generator().manual_seed(seed)
    columns = [cases[name].to_numpy() for name in _SEES[type(part)]]
    for view in range(views):
        for start in range(0, len(cases), _BATCH):
            pixels = (snapshot.pixels[rows[start : start + _BATCH]] for rows in columns)
            inputs = [prepare(torch.from_numpy(each).to(device), size) for each in pixels]
            if view:
                inputs = [
                    augment(each, draw(len(each), 1, draws)[:, 0], settings=variation, black=black) for each in inputs
                ]
            yield [each.float() for each in part.features(*inputs)]


def _columns(cases: pd.DataFrame, kind: str, part: SoloNet | DuoNet) -> torch.Tensor:
    values = cases[[f"{kind}_{finding.value}" for finding in FINDINGS]].to_numpy(dtype=np.float32, copy=True)
    return torch.from_numpy(values).to(next(part.parameters()).device)

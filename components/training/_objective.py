"""What one network is trained to do: which pictures of a case it sees, its loss, and how it is judged."""

from typing import Protocol, cast

import torch
from scipy.stats import rankdata
from torch import nn
from torch.nn import functional

from components.models import DuoNet, SoloNet, StudyNet
from components.settings import Objective, TrainingSettings
from components.training._data import UNSURE, Cases
from components.training._loss import ensemble_loss, positive_weights, supervised_contrast
from components.training._state import Weights
from components.training._together import Together


class Goal(Protocol):
    """One network and what it is trained to do.

    network: takes prepared pictures, [B, 1, H, W] for each of `views`. views: "frontal" or "lateral" each.
    validates_varied: whether its validation varies the pictures too.
    """

    network: nn.Module
    views: tuple[str, ...]
    validates_varied: bool

    def usable(self, cases: Cases) -> torch.Tensor:
        """The cases that it can learn from or be judged by: bool [N] on the CPU."""
        ...

    def loss(self, outputs: torch.Tensor, rows: torch.Tensor, cases: Cases, together: Together) -> torch.Tensor:
        """This worker's part of a batch's loss; the workers' parts add up to it, and so do their gradients.

        Args:
            outputs: of the network for this worker's share of the batch, [members, share, …].
            rows: numbers of the whole batch's cases, int64 [B].
        """
        ...

    def judged(self, outputs: list[torch.Tensor], rows: list[torch.Tensor], cases: Cases) -> tuple[float, float]:
        """Loss and mean AUC (NaN where that means nothing) for all outputs of a pass, batch by batch on the CPU."""
        ...

    def kept(self, weights: Weights) -> Weights:
        """The model's weights among the network's, by their names in a `StudyNet`."""
        ...


def goals(model: StudyNet, training: Cases, settings: TrainingSettings, *, from_base: bool) -> dict[str, Goal]:
    """Each network that is to be trained, by its name in the model; `from_base`: it has a base model's weights."""
    if settings.objective == Objective.CONTRAST:
        return {"solo": Contrast(model.solo, settings)}
    limit = settings.positive_limit
    return {name: Classify(part, training, limit=limit, from_base=from_base) for name, part in model.parts.items()}


class Classify:
    """The 14 findings, by weighted binary cross-entropy.

    What a base model knows of labels that have no positive here could only be unlearned: they are left out.
    """

    validates_varied = False

    def __init__(self, part: SoloNet | DuoNet, training: Cases, *, limit: float, from_base: bool) -> None:
        self.network: nn.Module = part
        self.views: tuple[str, ...] = ("frontal", "lateral") if isinstance(part, DuoNet) else ("frontal",)
        self._name = "duo" if isinstance(part, DuoNet) else "solo"
        rows = self.usable(training).nonzero()[:, 0].to(training.targets.device)
        targets, weights = training.targets[rows], training.weights[rows]
        self._positive = positive_weights(targets, weights, limit=limit)
        self._learnable = ((targets * weights).sum(dim=0) > 0) | (not from_base)

    def usable(self, cases: Cases) -> torch.Tensor:
        """All, or those with a lateral."""
        return cases.lateral >= 0 if "lateral" in self.views else torch.ones(len(cases), dtype=torch.bool)

    def loss(self, outputs: torch.Tensor, rows: torch.Tensor, cases: Cases, together: Together) -> torch.Tensor:
        """See `Goal`; `outputs` are logits, [members, share, 14]."""
        rows = rows.to(outputs.device)
        weights = cases.weights[rows] * self._learnable
        own = together.share(rows)
        return ensemble_loss(
            outputs, cases.targets[own], together.share(weights), positive=self._positive, known=weights.sum()
        )

    def judged(self, outputs: list[torch.Tensor], rows: list[torch.Tensor], cases: Cases) -> tuple[float, float]:
        """See `Goal`; the AUC is that of the ensemble's answer."""
        logits, chosen = torch.cat(outputs, dim=1).float(), torch.cat(rows)
        weights = (cases.weights[chosen.to(cases.weights.device)] * self._learnable).cpu()
        loss = ensemble_loss(logits, cases.targets.cpu()[chosen], weights, positive=self._positive.cpu())
        return float(loss), mean_auc(cases.truth[chosen], logits.sigmoid().mean(dim=0))

    def kept(self, weights: Weights) -> Weights:
        """All of them."""
        return {f"{self._name}.{name}": value for name, value in weights.items()}


class Contrast:
    """Abnormal pictures unlike normal ones: the supervised contrastive loss over two variations of each picture."""

    views: tuple[str, ...] = ("frontal", "frontal")
    validates_varied = True

    def __init__(self, solo: SoloNet, settings: TrainingSettings) -> None:
        self.network: nn.Module = _Projected(solo, settings.projection)
        self._temperature = settings.temperature

    def usable(self, cases: Cases) -> torch.Tensor:
        """Those of which the report is sure."""
        return (cases.abnormality != UNSURE).cpu()

    def loss(self, outputs: torch.Tensor, rows: torch.Tensor, cases: Cases, together: Together) -> torch.Tensor:
        """See `Goal`; `outputs` are points, [members, share, 2, D]. Each is compared with all workers' points."""
        points = together.gather(outputs.movedim(1, 0), len(rows)).clone()
        together.share(points).copy_(outputs.movedim(1, 0))
        whole = self._loss(points.movedim(0, 1), cases.abnormality[rows.to(outputs.device)])
        return whole - whole.detach() * (1 - 1 / together.size)  # every worker has the whole, and its own gradient

    def judged(self, outputs: list[torch.Tensor], rows: list[torch.Tensor], cases: Cases) -> tuple[float, float]:
        """See `Goal`; the mean over the batches."""
        known = cases.abnormality.cpu()
        losses = [float(self._loss(points, known[chosen])) for points, chosen in zip(outputs, rows, strict=True)]
        return sum(losses) / len(losses), float("nan")

    def kept(self, weights: Weights) -> Weights:
        """Those of SoloNet; the projections have served."""
        return {name: value for name, value in weights.items() if name.startswith("solo.")}

    def _loss(self, points: torch.Tensor, classes: torch.Tensor) -> torch.Tensor:
        losses = [
            supervised_contrast(member.flatten(0, 1), classes.repeat_interleave(2), temperature=self._temperature)
            for member in points
        ]
        return torch.stack(losses).sum()


class _Projected(nn.Module):
    """A SoloNet whose backbones' features are projected onto a sphere, where the contrastive loss compares them."""

    def __init__(self, solo: SoloNet, width: int) -> None:
        super().__init__()
        self.solo = solo
        widths = [cast("int", backbone.num_features) for backbone in solo.backbones]
        self.projections = nn.ModuleList(
            nn.Sequential(nn.Linear(features, features), nn.ReLU(), nn.Linear(features, width)) for features in widths
        )

    def forward(self, once: torch.Tensor, again: torch.Tensor) -> torch.Tensor:
        """Points of length 1 for two variations [B, 1, H, W] of each picture: float32 [members, B, 2, width]."""
        of_members = zip(self.projections, self.solo.features(torch.cat([once, again])), strict=True)
        points = torch.stack(
            [functional.normalize(cast("torch.Tensor", project(features)).float()) for project, features in of_members]
        )
        return points.reshape(len(points), 2, len(once), -1).movedim(1, 2)


def mean_auc(truth: torch.Tensor, scores: torch.Tensor) -> float:
    """Mean area under the ROC curve over the labels with both classes; NaN when there is none.

    Args:
        truth: float [N, 14], 1, 0 or NaN (not judged). scores: float [N, 14].
    """
    areas = []
    for label in range(truth.shape[1]):
        known = ~truth[:, label].isnan()
        positive = truth[known, label].numpy() == 1
        positives, negatives = int(positive.sum()), int((~positive).sum())
        if positives and negatives:
            ranks = rankdata(scores[known, label].float().numpy())[positive].sum()
            areas.append((ranks - positives * (positives + 1) / 2) / (positives * negatives))
    return float(sum(areas) / len(areas)) if areas else float("nan")

"""One training in this process: the network, its optimiser, and the passes over the pictures."""

import math
import time
from collections.abc import Sequence

import torch
from scipy.stats import rankdata

from components.catalog import Side
from components.datasets import Snapshot
from components.models import SoloNet, load_model, prepare
from components.training._augment import augment
from components.training._data import Resident
from components.training._loss import ensemble_loss, positive_weights
from components.training._optimizer import learning_rate, make_optimizer
from components.training._report import EpochReport
from components.training._state import State, Weights
from components.training._task import Task

_FEWEST = 2  # batch normalisation has no variance of one picture
_VALIDATION_BATCH = 256
_LAYOUT = torch.channels_last  # convolutions are faster with it on CPUs and GPUs alike


class Learner:
    """A network being trained; the same task, state and machine give the same weights."""

    def __init__(self, task: Task, device: torch.device, state: State | None) -> None:
        snapshot = Snapshot.open(task.snapshot)
        self._task = task
        self._settings = task.settings
        self._device = device
        self._training = Resident.of(snapshot, Side.TRAIN, device)
        self._validation = Resident.of(snapshot, Side.VALIDATION, device)
        self._positive = positive_weights(self._training.targets, self._training.weights)
        self._black = float(prepare(torch.zeros(1, 1, 1, dtype=torch.uint8), 1))
        torch.manual_seed(task.seed)
        self._model = _network(task, state).to(device)
        self._model.to(memory_format=_LAYOUT)  # type: ignore[call-overload]  # torch's types lack it
        self._optimizer = make_optimizer(self._model, task.settings)
        if state is not None:
            self._optimizer.load_state_dict(state.optimizer)
        self._state = state

    def epoch(self) -> State:
        """The state after one more pass over the training pictures and one over those of validation."""
        before = self._state
        number = 1 if before is None else before.epoch + 1
        begun = time.perf_counter()
        train_loss, images = self._train(number)
        trained = time.perf_counter()
        loss, auc = self._validate()
        report = EpochReport(
            epoch=number,
            epochs=self._settings.epochs,
            train_loss=train_loss,
            validation_loss=loss,
            validation_auc=auc,
            images_per_s=images / (trained - begun),
            seconds=time.perf_counter() - begun,
        )
        self._state = self._judged(before, report)
        return self._state

    def _train(self, epoch: int) -> tuple[float, int]:
        """Mean loss and number of pictures of one pass; every draw follows from seed and epoch."""
        draws = torch.Generator().manual_seed(_mixed(self._task.seed, epoch))
        torch.manual_seed(_mixed(self._task.seed, -epoch))  # of dropout
        self._model.train()
        batches = _batches(torch.randperm(len(self._training), generator=draws), self._settings.batch_size)
        steps = len(batches) * self._settings.epochs
        total, images = torch.zeros((), device=self._device), 0
        for number, rows in enumerate(batches):
            if len(rows) < min(_FEWEST, len(self._training)):
                continue
            rate = learning_rate(self._settings, (epoch - 1) * len(batches) + number, steps)
            total += self._step(rows.to(self._device), rate, draws) * len(rows)
            images += len(rows)
        return float(total) / images, images

    def _step(self, rows: torch.Tensor, rate: float, draws: torch.Generator) -> torch.Tensor:
        inputs = augment(self._inputs(self._training.images[rows]), black=self._black, draws=draws)
        loss = self._loss(self._model(inputs.contiguous(memory_format=_LAYOUT)), self._training, rows)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        return loss.detach()

    @torch.inference_mode()
    def _validate(self) -> tuple[float, float]:
        """Mean loss and mean AUC over the validation pictures."""
        self._model.eval()
        total, probabilities = 0.0, []
        for rows in _batches(torch.arange(len(self._validation), device=self._device), _VALIDATION_BATCH):
            inputs = self._inputs(self._validation.images[rows])
            logits = self._model(inputs.contiguous(memory_format=_LAYOUT))
            total += float(self._loss(logits, self._validation, rows)) * len(rows)
            probabilities.append(logits.sigmoid().mean(dim=0).cpu())
        return total / len(self._validation), mean_auc(self._validation.truth, torch.cat(probabilities))

    def _inputs(self, images: torch.Tensor) -> torch.Tensor:
        return prepare(images, self._task.model.image_size)

    def _loss(self, logits: torch.Tensor, data: Resident, rows: torch.Tensor) -> torch.Tensor:
        return ensemble_loss(logits, data.targets[rows], data.weights[rows], positive=self._positive)

    def _judged(self, before: State | None, report: EpochReport) -> State:
        """The state after an epoch: whether it is the best so far, the last, or a failure."""
        reports = [*(before.reports if before else ()), report]
        broken = not math.isfinite(report.train_loss) or not math.isfinite(report.validation_loss)
        better = not broken and (before is None or report.validation_loss < before.best_loss)
        weights = _copied(self._model)
        best_epoch = report.epoch if better or before is None else before.best_epoch
        waited = report.epoch - best_epoch
        return State(
            weights=weights,
            optimizer=self._optimizer.state_dict(),
            best=weights if better or before is None else before.best,
            best_epoch=best_epoch,
            best_loss=report.validation_loss if better or before is None else before.best_loss,
            reports=reports,
            finished=broken or report.epoch >= self._settings.epochs or waited >= self._settings.patience,
            failure=f"the loss was no longer a number in epoch {report.epoch}" if broken else None,
        )


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


def _network(task: Task, state: State | None) -> SoloNet:
    """New, or with the weights of the base model, or with those of the state."""
    model = SoloNet(task.model)
    if state is not None:
        model.load_state_dict(state.weights)
    elif task.base is not None:
        model.load_state_dict(load_model(task.base).state_dict())
    return model


def _batches(rows: torch.Tensor, size: int) -> Sequence[torch.Tensor]:
    return torch.split(rows, size)


def _copied(model: SoloNet) -> Weights:
    return {name: value.detach().cpu().clone() for name, value in model.state_dict().items()}


def _mixed(seed: int, epoch: int) -> int:
    """Another seed for each pair, below 2⁶³."""
    return (seed * 1_000_003 + epoch * 7_919 + 104_729) % (2**63)

"""Heads on frozen backbones: seconds of work, and what little data can carry (Sellergren et al. 2022)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import cast

import torch
from torch import nn

from components.errors import TrainingError
from components.models import HeadKind, StudyNet, make_head, start_from
from components.training._embed import Embedded, Rows
from components.training._loss import ensemble_loss, positive_weights

Weights = dict[str, torch.Tensor]

_PENALTIES = (10.0, 3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_STEPS = 60  # of L-BFGS for each penalty
_BATCH, _RATE, _DECAY, _EPOCHS = 64, 1e-3, 0.05, 60
_PATIENCE = {HeadKind.LINEAR: 2, HeadKind.NONLINEAR: 8}
_NO_DEVIATION = 1e-6


@dataclass(frozen=True, kw_only=True)
class Fitted:
    """A head's weights for `make_head`, and the logits [N, K] of each fold's rows by a head that did not see them."""

    weights: Weights
    said: tuple[torch.Tensor, ...]


def refit(base: StudyNet, kind: HeadKind, training: Embedded, validation: Embedded, *, seed: int) -> StudyNet:
    """The base model with new heads of this kind, each fitted for itself; its backbones stay as they are.

    A linear head is drawn towards the base model's own, if that is linear, as strongly as serves the validation loss
    best: with nothing to learn it stays what it was. A non-linear one stops when the validation loss rises.

    Args:
        base: in eval mode, on the device where the features lie.
        kind: of the new heads.
        training, validation: the two sides as the base's backbones see them; a DuoNet is made where both hold it.
        seed: of the non-linear heads' start and order.
    """
    duo = bool(training.get("duo")) and bool(validation.get("duo"))
    made = StudyNet(base.config.model_copy(update={"head": kind, "duo": duo})).to(next(base.parameters()).device)
    start_from(made, base)
    linear = kind is HeadKind.LINEAR is base.config.head
    for name, part in made.parts.items():
        for number, (learn, check) in enumerate(zip(training[name], validation[name], strict=True)):
            learnable = (learn.targets * learn.weights).sum(dim=0) > 0  # others could only be unlearned
            fitted = fit(
                kind,
                [(learn.masked(learnable), check.masked(learnable))],
                start=base.parts[name].heads[number].state_dict() if linear else None,
                dropout=base.config.dropout,
                seed=seed + number,
            )
            part.heads[number].load_state_dict(fitted.weights)
    return made.eval()


def fit(  # noqa: PLR0913  what a head learns from, and how
    kind: HeadKind,
    folds: Sequence[tuple[Rows, Rows]],
    *,
    whole: Rows | None = None,
    start: Weights | None = None,
    dropout: float,
    seed: int,
) -> Fitted:
    """A head, as unrestrained as serves rows best that it did not learn from.

    Restrained is a linear head by a ridge penalty, a non-linear one by the number of its epochs.

    Args:
        kind: of the head.
        folds: (rows to learn from, rows to judge by).
        whole: the rows that the head learns from in the end, as restrained as was best over all folds; None takes the
            first fold's own head.
        start: weights of the linear head that the new one is drawn towards.
        dropout: of the features, while a non-linear head learns.
        seed: of a non-linear head's start, order and dropout.

    Raises:
        TrainingError: no head has a loss that is a number.
    """
    features, outputs = folds[0][0].features, folds[0][0].targets.shape[1]
    judge = make_head(kind, width=features.shape[1], dropout=0, outputs=outputs).to(features.device).eval()
    courses = [_course(kind, learn, start=start, dropout=dropout, seed=seed) for learn, _ in folds]
    best, chosen, at = float("inf"), Fitted(weights={}, said=()), 0
    for step, heads in enumerate(zip(*courses, strict=True)):
        said = tuple(_said(judge, head, check) for head, (_, check) in zip(heads, folds, strict=True))
        loss = _unseen_loss(said, folds)
        if loss < best:
            best, chosen, at = loss, Fitted(weights=heads[0], said=said), step
        if step - at >= _PATIENCE[kind]:
            break
    if not chosen.weights:
        raise TrainingError("The loss of a head is no number: the model that it stands on is not sound.")
    if whole is None:
        return chosen
    course = _course(kind, whole, start=start, dropout=dropout, seed=seed)
    return Fitted(weights=next(islice(course, at, None)), said=chosen.said)


def _unseen_loss(said: Sequence[torch.Tensor], folds: Sequence[tuple[Rows, Rows]]) -> float:
    """Summed over all rows that judge, each by a head that did not see it."""
    losses = (
        _loss(logits, check, positive_weights(learn.targets, learn.weights)) * len(check)
        for logits, (learn, check) in zip(said, folds, strict=True)
    )
    return float(sum(losses))


def _course(kind: HeadKind, rows: Rows, *, start: Weights | None, dropout: float, seed: int) -> Iterator[Weights]:
    """The weights of ever less restrained heads on the features as they are; the scaling is folded into them."""
    deviation = rows.features.std(dim=0, correction=0)
    deviation = torch.where(deviation > _NO_DEVIATION, deviation, torch.ones_like(deviation))
    mean = rows.features.mean(dim=0)
    scaled = Rows(features=(rows.features - mean) / deviation, targets=rows.targets, weights=rows.weights)
    if kind is HeadKind.NONLINEAR:
        for head in _epochs(scaled, dropout=dropout, seed=seed):
            first = head["1.weight"] / deviation
            yield head | {"1.weight": first, "1.bias": head["1.bias"] - first @ mean}
        return
    outputs, width = rows.targets.shape[1], rows.features.shape[1]
    weight = rows.features.new_zeros(outputs, width) if start is None else start["1.weight"]
    bias = rows.features.new_zeros(outputs) if start is None else start["1.bias"]
    yield {"1.weight": weight, "1.bias": bias}
    for change, shift in _path(scaled, rows.features @ weight.T + bias):
        first = change / deviation
        yield {"1.weight": weight + first, "1.bias": bias + shift - first @ mean}


def _path(scaled: Rows, offset: torch.Tensor) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
    """Changes of a linear head's weights and bias under ever weaker penalties, each from where the last one ended."""
    positive = positive_weights(scaled.targets, scaled.weights)
    change = torch.zeros(offset.shape[1], scaled.features.shape[1], device=offset.device, requires_grad=True)
    shift = torch.zeros(offset.shape[1], device=offset.device, requires_grad=True)
    for penalty in _PENALTIES:
        optimizer = torch.optim.LBFGS([change, shift], max_iter=_STEPS, line_search_fn="strong_wolfe")

        def objective(penalty: float = penalty, optimizer: torch.optim.LBFGS = optimizer) -> torch.Tensor:
            optimizer.zero_grad()
            loss = _loss(offset + scaled.features @ change.T + shift, scaled, positive)
            loss = loss + penalty * change.square().sum() / len(change)
            loss.backward()  # type: ignore[no-untyped-call]
            return loss

        optimizer.step(objective)  # type: ignore[no-untyped-call]
        yield change.detach().clone(), shift.detach().clone()


def _epochs(scaled: Rows, *, dropout: float, seed: int) -> Iterator[Weights]:
    """A non-linear head's weights after each epoch."""
    positive = positive_weights(scaled.targets, scaled.weights)
    head = _new(scaled, dropout, seed)
    optimizer = torch.optim.AdamW(head.parameters(), lr=_RATE, weight_decay=_DECAY)
    draws = torch.Generator().manual_seed(seed)
    for epoch in range(_EPOCHS):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed * _EPOCHS + epoch)  # of dropout
            for chosen in torch.split(torch.randperm(len(scaled), generator=draws), _BATCH):
                batch = scaled.at(chosen.to(scaled.features.device))
                loss = _loss(head(batch.features), batch, positive)
                optimizer.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        yield {name: value.detach().clone() for name, value in head.state_dict().items()}


def _new(rows: Rows, dropout: float, seed: int) -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        head = make_head(
            HeadKind.NONLINEAR, width=rows.features.shape[1], dropout=dropout, outputs=rows.targets.shape[1]
        )
    return head.to(rows.features.device).train()


@torch.no_grad()
def _said(judge: nn.Sequential, head: Weights, rows: Rows) -> torch.Tensor:
    judge.load_state_dict(head)
    return cast("torch.Tensor", judge(rows.features))


def _loss(logits: torch.Tensor, rows: Rows, positive: torch.Tensor) -> torch.Tensor:
    return ensemble_loss(logits[None], rows.targets, rows.weights, positive=positive)

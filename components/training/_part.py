"""One of a model's networks while it is trained: its batches, its optimiser, and how good it was when."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import tee
from typing import Any

import torch
from torch import nn

from components.models import prepare
from components.settings import TrainingSettings
from components.training._augment import augment, draw
from components.training._average import Average
from components.training._data import Cases
from components.training._draws import Purpose, generator, seed_of
from components.training._growth import Growth
from components.training._objective import Goal
from components.training._optimizer import learning_rate, make_optimizer
from components.training._precision import computes_in_bfloat16, mixed
from components.training._state import PartState, Weights
from components.training._together import Together

FEWEST = 2  # batch normalisation has no variance of one picture
_LAYOUT = torch.channels_last  # convolutions are faster with it on CPUs and GPUs alike


@dataclass(frozen=True, kw_only=True)
class Course:
    """What all networks of a training have in common."""

    settings: TrainingSettings
    image_size: int
    seed: int
    device: torch.device
    together: Together
    training: Cases
    validation: Cases


@dataclass(frozen=True, kw_only=True)
class Shown:
    """What one worker's network is shown in a step.

    rows: the whole batch's cases, int64 [B], and pictures how many it has for all workers. numbers: of this worker's
    pictures, view after view. side: at which they are shown. drawn: how they are varied, float32 [share, views, 8];
    None for not at all. dropout: the seed of it.
    """

    rows: torch.Tensor
    pictures: int
    numbers: torch.Tensor
    side: int
    drawn: torch.Tensor | None
    dropout: int


@dataclass(frozen=True, kw_only=True)
class Figures:
    """An epoch of one network."""

    train_loss: float
    validation_loss: float
    validation_auc: float


class Part:
    """A network with what trains it; it shares nothing with the others, and learns as if it were alone."""

    def __init__(self, goal: Goal, number: int, course: Course) -> None:
        self._goal = goal
        self._number = number
        self._course = course
        self._usable = goal.usable(course.training).nonzero()[:, 0]
        self._network: nn.Module = goal.network.to(course.device)
        self._network.to(memory_format=_LAYOUT)  # type: ignore[call-overload]  # torch's types lack it
        settings = course.settings
        compiled = settings.compile and course.device.type == "cuda"
        self._forward: Any = torch.compile(self._network) if compiled else self._network
        self._bfloat16 = computes_in_bfloat16(settings.precision, course.device)
        self._black = float(prepare(torch.zeros(1, 1, 1, dtype=torch.uint8), 1))
        self._optimizer = make_optimizer(self._network, settings)
        self._average = Average(self._network, settings.ema) if settings.ema else None
        self._loss = torch.zeros((), dtype=torch.float64, device=course.device)
        self._state = PartState()

    @property
    def stopped(self) -> bool:
        """Whether it is trained no more."""
        return self._state.stopped

    @property
    def steps(self) -> int:
        """How many steps it has an epoch."""
        rest = len(self._usable) % self._course.settings.batch_size
        small = 0 < rest < FEWEST * self._course.together.size
        return math.ceil(len(self._usable) / self._course.settings.batch_size) - small

    def go_on_from(self, state: PartState) -> None:
        """Takes up the training where it was."""
        self._network.load_state_dict(state.weights)
        self._optimizer.load_state_dict(state.optimizer)
        if self._average is not None:
            self._average.network.load_state_dict(state.average or {})
        self._loss.fill_(state.loss)
        self._state = replace(state)

    def state(self) -> PartState:
        """Where the training is; the optimiser's part is the live one, to be saved before the next step."""
        average = None if self._average is None else _copied(self._average.network)
        now = {"weights": _copied(self._network), "average": average, "optimizer": self._optimizer.state_dict()}
        return PartState(**vars(self._state) | now | {"loss": float(self._loss)})

    def shown(self, epoch: int) -> Iterator[Shown]:
        """The steps of an epoch; every draw follows from seed, epoch and step, the same for any number of workers."""
        order = torch.randperm(len(self._usable), generator=generator(*self._key(Purpose.ORDER, epoch)))
        batches = torch.split(self._usable[order], self._course.settings.batch_size)
        sides = Growth.of(self._course.settings, self._course.image_size, self.steps * self._course.settings.epochs)
        for step in range(self.steps):
            key, side = self._key(Purpose.STEP, epoch, step), sides.at((epoch - 1) * self.steps + step)
            yield self._shown(batches[step], self._course.training, key, side=side, varied=True)

    def learn(self, pictures: torch.Tensor, shown: Shown) -> None:
        """One step on the pictures that it was to be shown, uint8 [views × share, H, W]."""
        torch.manual_seed(shown.dropout)
        self._network.train()
        with mixed(self._bfloat16, self._course.device):
            outputs = self._forward(*self._inputs(pictures, shown))
        loss = self._goal.loss(outputs, shown.rows, self._course.training, self._course.together)
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        self._follow_gradients(loss := loss.detach())
        self._loss += loss * len(shown.rows)
        self._state.learned += len(shown.rows)

    def is_sound(self) -> bool:
        """Whether all losses of the epoch so far are numbers."""
        return bool(self._loss.isfinite())

    def judge(self, epoch: int) -> Figures:
        """Ends an epoch: is it the best so far, and the last?"""
        loss, auc = self._validated()
        state, self._state = self._state, replace(self._state, learned=0)
        figures = Figures(train_loss=float(self._loss) / state.learned, validation_loss=loss, validation_auc=auc)
        self._loss.zero_()
        if loss < state.best_loss:
            self._state = replace(
                self._state, best=self._goal.kept(_copied(self._judged)), best_epoch=epoch, best_loss=loss
            )
        settings = self._course.settings
        done = epoch >= settings.epochs or epoch - self._state.best_epoch >= settings.patience
        self._state = replace(self._state, stopped=done)
        return figures

    @property
    def _judged(self) -> nn.Module:
        """The network that is validated and kept."""
        return self._network if self._average is None else self._average.network

    def _follow_gradients(self, loss: torch.Tensor) -> None:
        """Moves the weights, by what all workers found; `loss` becomes the sum of theirs."""
        together, settings, steps = self._course.together, self._course.settings, self._state.steps
        if together.size > 1:
            norms = [buffer for buffer in self._network.buffers() if buffer.is_floating_point()]
            for norm in norms:
                norm.div_(together.size)  # batch norm's averages: the mean of the workers'
            gradients = [parameter.grad for parameter in self._network.parameters() if parameter.grad is not None]
            together.add([*gradients, *norms, loss])
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(settings, steps, self.steps * settings.epochs)
        self._optimizer.step()
        if self._average is not None:
            self._average.follow(self._network, steps)
        self._state.steps += 1

    @torch.inference_mode()
    def _validated(self) -> tuple[float, float]:
        """Loss and mean AUC over the validation cases."""
        network, cases = self._judged.eval(), self._course.validation
        outputs, rows = [], []
        plan, again = tee(self._validation())
        for shown, pictures in zip(plan, cases.pictures.batches(each.numbers for each in again), strict=True):
            with mixed(self._bfloat16, self._course.device):
                own = network(*self._inputs(pictures, shown)).float()
            everyones = self._course.together.gather(own.movedim(1, 0), len(shown.rows))
            outputs.append(everyones.movedim(0, 1).cpu())
            rows.append(shown.rows)
        return self._goal.judged(outputs, rows, cases)

    def _validation(self) -> Iterator[Shown]:
        """The validation cases in batches of even size, so that every worker has a share of each."""
        usable = self._goal.usable(self._course.validation).nonzero()[:, 0]
        batches = usable.tensor_split(math.ceil(len(usable) / self._course.settings.batch_size))
        for number, rows in enumerate(batches):
            key = self._key(Purpose.VALIDATION, number)
            side, varied = self._course.image_size, self._goal.validates_varied
            yield self._shown(rows, self._course.validation, key, side=side, varied=varied)

    def _shown(self, rows: torch.Tensor, cases: Cases, key: tuple[int, ...], *, side: int, varied: bool) -> Shown:
        together, views = self._course.together, self._goal.views
        own = together.share(rows)
        draws = generator(*key)
        drawn = together.share(draw(len(rows), len(views), draws)) if varied else None
        return Shown(
            rows=rows,
            pictures=len(rows) * len(views),
            numbers=torch.cat([cases.numbers(view, own) for view in views]),
            side=side,
            drawn=drawn,
            dropout=seed_of(*key, together.rank),
        )

    def _key(self, purpose: Purpose, *numbers: int) -> tuple[int, ...]:
        return (self._course.seed, self._number, purpose, *numbers)

    def _inputs(self, pictures: torch.Tensor, shown: Shown) -> list[torch.Tensor]:
        """What the network takes, float32 [share, 1, side, side] a view."""
        inputs = prepare(pictures, shown.side)
        if shown.drawn is not None:
            drawn = shown.drawn.movedim(1, 0).flatten(0, 1)
            inputs = augment(inputs, drawn, settings=self._course.settings.augmentation, black=self._black)
        views = inputs.chunk(len(self._goal.views))
        return [view.contiguous(memory_format=_LAYOUT) for view in views]


def _copied(network: nn.Module) -> Weights:
    return {name: value.detach().cpu().clone() for name, value in network.state_dict().items()}

"""One training in this process: a model's networks, and the passes over the pictures."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice, tee, zip_longest

import torch

from components.catalog import Side
from components.datasets import Snapshot
from components.models import StudyNet, load_model, start_from
from components.settings import Objective
from components.training._data import Cases
from components.training._objective import goals
from components.training._part import Course, Figures, Part, Shown
from components.training._report import EpochReport
from components.training._state import State, Weights
from components.training._task import Task
from components.training._together import Together

_STEPS_UNSEEN = 8  # between two looks at what a GPU has done: to look is to wait for it
_MEBIBYTE = 2**20
_PREFIXES = {"solo": "", "duo": "duo_"}

Step = dict[str, Shown]


class Learner:
    """A model being trained; the same task, state, machine and number of workers give the same weights."""

    def __init__(self, task: Task, *, device: torch.device, together: Together, state: State | None) -> None:
        self._settings = task.settings
        self._device = device
        self._together = together
        course = _course(task, device, together)
        self._pictures = course.training.pictures
        torch.manual_seed(task.seed)
        from_base = task.base is not None
        networks = goals(_new_model(task), course.training, task.settings, from_base=from_base)
        self._parts = {name: Part(goal, number, course) for number, (name, goal) in enumerate(networks.items())}
        self._state = state or State()
        for name, part in self._state.parts.items():
            self._parts[name].go_on_from(part)

    def states(self) -> Iterator[State]:
        """Every state worth a checkpoint until the training is finished: after each epoch, and inside long ones.

        All workers get them at the same steps.
        """
        while not self._state.finished:
            yield from self._pass()
            self._state = self._judged()
            yield self._state

    def _pass(self) -> Iterator[State]:
        """One pass over the training pictures, or the rest of it, up to where a loss is no number."""
        wanted, steps = tee(islice(self._plan(), self._state.step, None))
        blocks = self._pictures.batches(torch.cat([shown.numbers for shown in step.values()]) for step in wanted)
        begun, saved = time.perf_counter() - self._state.seconds, time.monotonic()
        look_every = 1 if self._device.type == "cpu" else _STEPS_UNSEEN
        for step, block in zip(steps, blocks, strict=True):
            self._learn(step, block)
            if self._state.step % look_every:
                continue
            if not self._is_sound():
                break
            if self._agreed(time.monotonic() - saved > self._settings.checkpoint_s):
                yield self._now(time.perf_counter() - begun)
                saved = time.monotonic()
        self._is_sound()  # waits for a GPU
        self._state.seconds = time.perf_counter() - begun

    def _plan(self) -> Iterator[Step]:
        """What each network is shown in each step of the epoch; one that has fewer batches has done earlier."""
        active = {name: part for name, part in self._parts.items() if not part.stopped}
        for shown in zip_longest(*(part.shown(self._state.epoch + 1) for part in active.values())):
            yield {name: one for name, one in zip(active, shown, strict=True) if one is not None}

    def _learn(self, step: Step, block: torch.Tensor) -> None:
        of_parts = torch.split(block, [len(shown.numbers) for shown in step.values()])
        for (name, shown), pictures in zip(step.items(), of_parts, strict=True):
            self._parts[name].learn(pictures, shown)
            self._state.images += shown.pictures
        self._state.step += 1

    def _is_sound(self) -> bool:
        return all(part.is_sound() for part in self._parts.values())

    def _agreed(self, due: bool) -> bool:
        """Whether the first worker's clock says so: all save the same step."""
        if self._together.size == 1:
            return due
        word = torch.tensor([float(due and self._together.rank == 0)], device=self._device)
        self._together.add([word])
        return bool(word.item())

    def _now(self, seconds: float) -> State:
        self._state.seconds = seconds
        return replace(self._state, parts={name: part.state() for name, part in self._parts.items()})

    def _judged(self) -> State:
        """The state after a pass: its figures, what is best so far, and whether that is all."""
        epoch, before = self._state.epoch + 1, self._state
        failure = State(reports=before.reports, failure=f"the loss was no longer a number in epoch {epoch}")
        if not self._is_sound():
            return failure
        begun = time.perf_counter()
        figures = {name: part.judge(epoch) for name, part in self._parts.items() if not part.stopped}
        if not all(math.isfinite(one.validation_loss) for one in figures.values()):
            return failure
        report = EpochReport(
            epoch=epoch,
            epochs=self._settings.epochs,
            images_per_s=before.images / before.seconds,
            seconds=before.seconds + time.perf_counter() - begun,
            gpu_memory_mb=_gpu_memory_mb(self._device),
            **_of_networks(figures, before.reports),
        )
        parts = {name: part.state() for name, part in self._parts.items()}
        return State(parts=parts, reports=[*before.reports, report])


def trained_weights(task: Task, state: State) -> Weights:
    """A `StudyNet`'s weights after a finished training: of each network its best epoch's.

    The contrastive objective passes over heads and a DuoNet: heads that whoever fits them starts from say .5 of
    everything, and a DuoNet gets SoloNet's backbones for both views.
    """
    weights = {name: value for part in state.parts.values() for name, value in part.best.items()}
    if task.settings.objective == Objective.CLASSIFY:
        return weights
    with torch.random.fork_rng(devices=[]):
        solo, model = StudyNet(task.model.model_copy(update={"duo": False})), StudyNet(task.model)
    solo.load_state_dict(weights)
    start_from(model, solo)
    return {name: value * 0 if ".heads." in name else value for name, value in model.state_dict().items()}


def _new_model(task: Task) -> StudyNet:
    """As training begins: with the base's weights, or random ones."""
    model = StudyNet(task.model)
    if task.base is not None:
        start_from(model, load_model(task.base))
    return model


def _course(task: Task, device: torch.device, together: Together) -> Course:
    snapshot, settings = Snapshot.open(task.snapshot), task.settings
    with_lateral = task.model.duo and settings.objective == Objective.CLASSIFY
    training, validation = (
        Cases.of(snapshot, side, laterals=with_lateral, device=device, limit_mb=settings.resident_mb)
        for side in (Side.TRAIN, Side.VALIDATION)
    )
    return Course(
        settings=settings,
        image_size=task.model.image_size,
        seed=task.seed,
        device=device,
        together=together,
        training=training,
        validation=validation,
    )


def _of_networks(figures: dict[str, Figures], reports: list[EpochReport]) -> dict[str, float]:
    """Each network's figures by their names in a report; of one that has stopped, its last."""
    named = {}
    for name, prefix in _PREFIXES.items():
        for field in Figures.__dataclass_fields__:
            if name in figures:
                named[prefix + field] = getattr(figures[name], field)
            elif reports:
                named[prefix + field] = getattr(reports[-1], prefix + field)
    return named


def _gpu_memory_mb(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated(device) / _MEBIBYTE if device.type == "cuda" else 0

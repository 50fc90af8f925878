"""Epoch after epoch until a training is done: the same loop in this process and in a Ray worker."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from components.training._learner import Learner
from components.training._state import State
from components.training._task import Task

_log = logging.getLogger(__name__)


def run(
    task: Task, *, device: torch.device, threads: int | None, state: State | None, after_epoch: Callable[[State], None]
) -> State:
    """The finished state; goes on from `state` where there is one, and tells `after_epoch` of every new one."""
    if state is not None and state.finished:
        return state
    with _own_torch(threads):
        learner = Learner(task, device, state)
        while state is None or not state.finished:
            state = learner.epoch()
            after_epoch(state)
            _log_epoch(state)
    return state


def _log_epoch(state: State) -> None:
    last = state.reports[-1]
    _log.info(
        "Epoch %d of %d: loss %.4f, on validation %.4f, mean AUC %.3f, %.0f images/s",
        *(last.epoch, last.epochs, last.train_loss, last.validation_loss, last.validation_auc, last.images_per_s),
    )


@contextmanager
def _own_torch(threads: int | None) -> Iterator[None]:
    """Seeds and threads as the training wants them, and afterwards as they were."""
    before = torch.get_num_threads()
    with torch.random.fork_rng(devices=[]):
        try:
            torch.set_num_threads(threads or before)
            yield
        finally:
            torch.set_num_threads(before)

"""Epoch after epoch until a training is done: the same loop in this process and in a Ray worker."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

from components.models import kept_memory
from components.training._learner import Learner
from components.training._report import EpochReport
from components.training._state import State
from components.training._task import Task
from components.training._together import Together

_log = logging.getLogger(__name__)


def run(
    task: Task, *, device: torch.device, threads: int | None, state: State | None, after: Callable[[State], None]
) -> State:
    """The finished state; goes on from `state` where there is one, and tells `after` of every new one.

    In a group of torch.distributed it is trained together, and every worker tells its `after` of the same states: of
    one after each epoch (its step is 0), and of one inside an epoch when the last is settings.checkpoint_s old.
    """
    if state is not None and state.finished:
        return state
    together = Together.here()
    with own_torch(threads):
        learner = Learner(task, device=device, together=together, state=state)
        for now in learner.states():
            after(now)
            if together.rank == 0 and now.step == 0 and now.failure is None:
                _log_epoch(now.reports[-1])
    return now


def _log_epoch(last: EpochReport) -> None:
    duo = (
        ""
        if last.duo_validation_loss is None
        else (
            f"; with laterals loss {last.duo_train_loss:.4f}, on validation {last.duo_validation_loss:.4f},"
            f" mean AUC {last.duo_validation_auc:.3f}"
        )
    )
    memory = f", {last.gpu_memory_mb:.0f} MiB of GPU memory" if last.gpu_memory_mb else ""
    _log.info(
        "Epoch %d of %d: loss %.4f, on validation %.4f, mean AUC %.3f%s; %.0f images/s%s",
        *(last.epoch, last.epochs, last.train_loss, last.validation_loss, last.validation_auc, duo),
        *(last.images_per_s, memory),
    )


@contextmanager
def own_torch(threads: int | None) -> Iterator[None]:
    """Seeds, threads, memory and kernels as the training wants them, and afterwards as they were."""
    threads_before, kernels_before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    with torch.random.fork_rng(devices=[]), kept_memory():
        try:
            torch.set_num_threads(threads or threads_before)
            torch.backends.cudnn.deterministic = True  # a GPU's fastest sums come in another order each time
            yield
        finally:
            torch.set_num_threads(threads_before)
            torch.backends.cudnn.deterministic = kernels_before

"""How many workers a training gets, and what each of them: as the settings ask and Ray's cluster can give."""

import time
from dataclasses import dataclass

from components.cluster import most_cores, room
from components.errors import TrainingError
from components.settings import TrainingSettings

_LOOK_S = 5
_SETTLED_S = 20  # a change of the cluster's nodes that lasts so long is no hiccup
_LOST_FOR_S = 180  # as long as a machine takes to come back


@dataclass(frozen=True, kw_only=True)
class Crew:
    """So many workers, each with the same; between `fewest` and `most`, as nodes go and come."""

    workers: int
    fewest: int
    most: int
    threads: int
    gpu: bool

    @property
    def resources(self) -> dict[str, float]:
        """What each worker gets, in Ray's words."""
        return _resources(self.threads, gpu=self.gpu)


def find_crew(settings: TrainingSettings) -> Crew:
    """The workers of a training; refused here, because Ray waits for ever for what its cluster does not have.

    Raises:
        TrainingError: the cluster has no room for the fewest workers that the settings allow.
    """
    most, gpu = settings.workers, settings.use_gpu
    fewest = min(settings.min_workers or most, most)
    threads = settings.threads or _threads(fewest, most, gpu=gpu)
    if gpu and (gpus := room({"GPU": 1.0})) < fewest:
        raise TrainingError(
            f"The training needs {fewest} GPUs, but Ray has {gpus}: set training.use_gpu to false, or training.workers"
            " or training.min_workers lower."
        )
    if (found := room(_resources(threads, gpu=gpu))) < fewest:
        raise TrainingError(
            f"The training needs {fewest} workers of {threads} CPU cores each, but Ray has room for {found}: set"
            " training.workers, training.min_workers or training.threads lower."
        )
    return Crew(workers=min(most, found), fewest=fewest, most=most, threads=threads, gpu=gpu)


def _threads(fewest: int, most: int, *, gpu: bool) -> int:
    """Cores a worker, as many as there is room for: for all workers, or else for the fewest."""
    for workers in (most, fewest):
        for threads in range(most_cores(), 0, -1):
            if room(_resources(threads, gpu=gpu)) >= workers:
                return threads
    return 1


def _resources(threads: int, *, gpu: bool) -> dict[str, float]:
    return {"CPU": float(threads)} | ({"GPU": 1.0} if gpu else {})


class Patience:
    """Watches the cluster under a training: Ray itself waits for ever for a node that it lost at the wrong moment."""

    def __init__(self, crew: Crew) -> None:
        self._crew = crew
        self._looked = self._fitting = time.monotonic()

    def look(self) -> bool:
        """Whether the training should start anew from its checkpoint, with as many workers as there is room for now.

        To be called again and again.

        Raises:
            TrainingError: there has been no room for the fewest workers for too long.
        """
        now = time.monotonic()
        if now - self._looked < _LOOK_S:
            return False
        self._looked = now
        found = min(room(self._crew.resources), self._crew.most)
        if found == self._crew.workers:
            self._fitting = now
        unfit_s = now - self._fitting
        if found < self._crew.fewest and unfit_s > _LOST_FOR_S:
            raise TrainingError(
                f"Ray's cluster lost nodes and has room for {found} workers, but the training needs {self._crew.fewest}"
                " (training.min_workers): run the same again when they are back; it goes on from its last checkpoint."
            )
        return found >= self._crew.fewest and unfit_s > _SETTLED_S

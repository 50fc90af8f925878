"""The trials of a search on Ray Tune, resumed from what each left behind."""

import math
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune
from ray.tune.schedulers import ASHAScheduler

from components.cluster import ray_session
from components.settings import TuneSettings
from components.training._crew import Patience, find_crew
from components.training._on_ray import check_seen
from components.training._run import run
from components.training._state import State
from components.training._task import Task
from components.training._tune import TuneEpoch, TuneTrial

_COST, _EPOCH, _TRIAL = "cost", "epoch", "trial"
_ENVIRONMENT = {
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # files that nothing reads
    "RAY_AIR_NEW_OUTPUT": "0",  # it writes on standard output, where `--json` prints one document
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C ends the search, as it ends everything else
}

Told = Callable[[int, TuneEpoch], None]


@dataclass(frozen=True)
class _Course:
    """What the trials have in common."""

    tasks: Sequence[Task]
    trials: Sequence[TuneTrial]
    space: TuneSettings
    folder: Path
    threads: int

    def state_file(self, number: int) -> Path:
        """Where a trial keeps its state until it is finished."""
        return self.folder / f"{number:03}.pt"


def run_trials(
    trials: Sequence[TuneTrial], tasks: Sequence[Task], space: TuneSettings, *, folder: Path, on_epoch: Told | None
) -> None:
    """Runs the trials until each has left its record in the folder; those that did so before only tell it again.

    Raises:
        TrainingError: the cluster has no room for a trial, or a node does not see the files.
    """
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    settings = tasks[0].settings.model_copy(update={"workers": space.concurrent, "min_workers": 1})
    with ray_session():
        crew = find_crew(settings)
        check_seen(tasks[0], folder)
        course = _Course(tasks, trials, space, folder, crew.threads)
        shutil.rmtree(folder / "ray", ignore_errors=True)
        tuner = tune.Tuner(
            tune.with_resources(tune.with_parameters(_try, course=course), crew.resources),
            param_space={_TRIAL: tune.grid_search([trial.number for trial in trials])},
            tune_config=tune.TuneConfig(
                metric=_COST,
                mode="min",
                scheduler=_halving(space, settings.epochs),
                max_concurrent_trials=crew.workers,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="search",
                storage_path=str(folder / "ray"),
                verbose=0,
                failure_config=tune.FailureConfig(max_failures=settings.max_failures),
                callbacks=[_Records(course, Patience(replace(crew, workers=1, most=1)), on_epoch)],
            ),
        )
        try:
            tuner.fit()
        except BaseException:
            ray.shutdown()  # stops the trials: nobody waits for them any more
            raise
    shutil.rmtree(folder / "ray", ignore_errors=True)


def _halving(space: TuneSettings, epochs: int) -> ASHAScheduler:
    """Asynchronous successive halving (Li et al. 2020)."""
    return ASHAScheduler(
        time_attr=_EPOCH, max_t=epochs, grace_period=min(space.grace, epochs), reduction_factor=space.reduction
    )


def _try(config: dict[str, int], *, course: _Course) -> None:
    """What a Ray worker does with a trial: first it tells what is known already, for the scheduler to judge it by."""
    number = config[_TRIAL]
    trial, task, file = course.trials[number].filled(course.folder), course.tasks[number], course.state_file(number)
    if trial.finished:
        for epoch in trial.epochs:
            _tell(epoch, course)
        return
    state = State.load(file) if file.is_file() else None
    for report in state.reports if state else ():
        _tell(TuneEpoch.of(report), course)

    def after(state: State) -> None:
        state.save(file)
        if state.failure is not None:
            tune.report({_EPOCH: state.epoch + 1, _COST: math.inf, "failure": state.failure})
        elif state.step == 0:
            _tell(TuneEpoch.of(state.reports[-1]), course)

    device = torch.device("cuda" if task.settings.use_gpu else "cpu")
    run(task, device=device, threads=course.threads, state=state, after=after)


def _tell(epoch: TuneEpoch, course: _Course) -> None:
    tune.report(asdict(epoch) | {_COST: epoch.cost(course.space.measure)})


class _Records(tune.Callback):
    """In the driver: tells of epochs, and writes down how each trial went."""

    def __init__(self, course: _Course, patience: Patience, on_epoch: Told | None) -> None:
        self._course = course
        self._patience = patience
        self._on_epoch = on_epoch
        self._trials = {trial.number: replace(trial, epochs=(), failure=None) for trial in course.trials}
        self._known = {trial.number: trial.filled(course.folder).finished for trial in course.trials}

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """An epoch, or that the loss was no longer a number; an epoch repeated after a crash is told once."""
        one = self._trials[trial.config[_TRIAL]]
        if (failure := result.get("failure")) is not None:
            self._trials[one.number] = replace(one, failure=failure)
        elif result[_EPOCH] > len(one.epochs):
            epoch = TuneEpoch(**{name: result[name] for name in TuneEpoch.__dataclass_fields__})
            self._trials[one.number] = replace(one, epochs=(*one.epochs, epoch))
            if self._on_epoch is not None and not self._known[one.number]:
                self._on_epoch(one.number, epoch)

    def on_trial_complete(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial that came to its end or was stopped; its weights are needed no more."""
        number = trial.config[_TRIAL]
        if not self._known[number]:
            self._trials[number].save(self._course.folder)
        self._course.state_file(number).unlink(missing_ok=True)

    def on_trial_error(self, iteration: int, trials: list[Any], trial: Any, **info: Any) -> None:
        """A trial that failed too often."""
        failed = replace(self._trials[trial.config[_TRIAL]], failure=type(trial.get_error()).__name__)
        failed.save(self._course.folder)

    def on_step_end(self, iteration: int, trials: list[Any], **info: Any) -> None:
        """Time to look whether the cluster can go on."""
        self._patience.look()

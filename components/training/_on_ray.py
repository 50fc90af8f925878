"""A training inside one Ray Train run, resumed from its last checkpoint when a worker or a node is lost."""

import json
import logging
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray
import ray.train
import ray.train.torch
import torch
from ray.exceptions import RayError, RayTaskError
from ray.train import Checkpoint, CheckpointConfig, FailureConfig, Result, RunConfig, ScalingConfig

from components.cluster import blind_nodes, ray_session
from components.errors import TrainingError
from components.training import _controlled
from components.training._controlled import EpochFile, OwnGroup
from components.training._crew import Crew, Patience, find_crew
from components.training._group import grouped
from components.training._report import EpochReport
from components.training._run import run
from components.training._state import State
from components.training._task import Task

ray.cloudpickle.register_pickle_by_value(_controlled)  # type: ignore[no-untyped-call]

_log = logging.getLogger(__name__)

_STATE = "state.pt"
_EPOCHS = "epochs.jsonl"
_LOOK_S = 0.2
_STARTS = 6  # for workers that find no room yet: each after RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S


def run_on_ray(task: Task, *, folder: Path, run_name: str, on_epoch: Callable[[EpochReport], None] | None) -> State:
    """The finished state of the training; the same folder and run name take an interrupted one up again.

    Raises:
        TrainingError: the cluster lacks what the settings ask for, a node does not see the files, or workers or nodes
            were lost too often or for too long.
    """
    folder = folder.absolute()
    while True:
        with ray_session():
            crew = find_crew(task.settings)
            check_seen(task, folder)
            trainer = _trainer(task, crew, folder, run_name)
            result = _followed(trainer, folder / _EPOCHS, Patience(crew), on_epoch)
            if result is not None:
                return _finished(result)
        _log.warning("The cluster's nodes changed: the training goes on from its last checkpoint.")


def _trainer(task: Task, crew: Crew, folder: Path, run_name: str) -> ray.train.torch.TorchTrainer:
    """One Ray Train run; of a fixed number of workers, because Ray's elastic one counts on nodes that are lost."""
    return ray.train.torch.TorchTrainer(
        lambda: _work(task, crew.threads),
        torch_config=OwnGroup(),  # type: ignore[arg-type]  # its kind is not looked at
        scaling_config=ScalingConfig(num_workers=crew.workers, use_gpu=crew.gpu, resources_per_worker=crew.resources),
        run_config=RunConfig(
            name=run_name,
            storage_path=str(folder),
            failure_config=_failures_allowed(task.settings.max_failures),
            checkpoint_config=CheckpointConfig(num_to_keep=1),
            callbacks=[EpochFile(folder / _EPOCHS)],  # type: ignore[list-item]  # typed as Train V1's
        ),
    )


def _finished(result: Result) -> State:
    if result.checkpoint is None:
        raise TrainingError("The training ended without a checkpoint: see Ray's logs.")
    with result.checkpoint.as_directory() as checkpoint:
        return State.load(Path(checkpoint) / _STATE)


def once_on_ray(work: Callable[..., None], task: Task, folder: Path, *rest: Any) -> None:
    """Calls `work(task, folder, *rest)`, a module's function, in one Ray worker with a training worker's resources.

    Raises:
        TrainingError: as for a training; and what `work` raises.
    """
    settings = task.settings.model_copy(update={"workers": 1})
    with ray_session():
        crew = find_crew(settings)
        check_seen(task, folder)
        remote: Any = ray.remote(num_cpus=crew.threads, num_gpus=int(crew.gpu), max_retries=settings.max_failures)(work)
        try:
            ray.get(remote.remote(task, folder, *rest))
        except RayTaskError as error:
            raise error.cause from None
        except RayError as error:
            raise TrainingError(f"The training's worker was lost too often, last by {type(error).__name__}.") from None


def check_seen(task: Task, folder: Path) -> None:
    """Refuses a cluster of several machines whose nodes do not share the files of the training.

    Raises:
        TrainingError: a node does not see the snapshot, the base model or the training's folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, prefix="seen-") as mark:
        mark.write(mark.name.encode())
        mark.flush()
        of_base = [] if task.base is None else sorted(task.base.iterdir())
        files = [Path(mark.name), *(file for file in task.snapshot.iterdir() if file.is_file()), *of_base]
        for address, file in blind_nodes(files).items():
            what = "folder" if file.parent == folder else "snapshot" if file.parent == task.snapshot else "base model"
            raise TrainingError(
                f"Ray's node {address} does not see the training's {what} as this machine does: put radloop's home on"
                " storage that all nodes mount at the same place."
            )


def _work(task: Task, threads: int) -> None:
    """What each worker does."""
    before = ray.train.get_checkpoint()
    state = None
    if before is not None:
        with before.as_directory() as folder:
            state = State.load(Path(folder) / _STATE)
    device = ray.train.torch.get_device()
    if device.type == "cuda":
        torch.cuda.set_device(device)
    with grouped(device):
        run(task, device=device, threads=threads, state=state, after=_report)


def _report(state: State) -> None:
    """Hands the state in as a checkpoint, by the first worker, with the report of an epoch that it ends."""
    ends_epoch = state.step == 0 and state.failure is None
    with _checkpoint(state) as checkpoint:
        ray.train.report(asdict(state.reports[-1]) if ends_epoch else {}, checkpoint=checkpoint)


@contextmanager
def _checkpoint(state: State) -> Iterator[Checkpoint | None]:
    """The state in a folder; nothing for all workers but the first, because all hold the same."""
    if ray.train.get_context().get_world_rank() > 0:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        state.save(Path(folder) / _STATE)
        yield Checkpoint.from_directory(folder)


def _failures_allowed(number: int) -> FailureConfig:
    """So many lost workers, and so many failed starts of them, which Ray would repeat for ever."""
    return FailureConfig(
        max_failures=number,
        controller_failure_limit=number + _STARTS,  # type: ignore[call-arg]  # typed as Train V1's
    )


def _followed(
    trainer: ray.train.torch.TorchTrainer,
    file: Path,
    patience: Patience,
    on_epoch: Callable[[EpochReport], None] | None,
) -> Result | None:
    """The run's result; None where it was ended to start anew with another number of workers.

    Meanwhile `on_epoch` is told of each new epoch, in the caller's own thread.
    """
    told = len({report.epoch for report in _written(file)})  # by a driver that was ended
    pool = ThreadPoolExecutor(1, thread_name_prefix="ray-train")
    running: Future[Result] = pool.submit(trainer.fit)
    pool.shutdown(wait=False)
    try:
        while True:
            done = running.done()
            for report in _written(file):
                if on_epoch is not None and report.epoch > told:  # an epoch repeated after a crash is told once
                    on_epoch(report)
                told = max(told, report.epoch)
            if done:
                break
            if patience.look():
                ray.shutdown()
                wait([running])
                return None
            time.sleep(_LOOK_S)
    except BaseException:
        ray.shutdown()  # stops the workers: nobody waits for them any more
        raise
    try:
        return running.result()
    except ray.train.TrainingFailedError as error:
        raise TrainingError(_reason(error)) from None


def _written(file: Path) -> list[EpochReport]:
    """The reports in the file; a line still being written is left for the next look."""
    if not file.is_file():
        return []
    lines = file.read_text().splitlines(keepends=True)
    return [EpochReport(**json.loads(line)) for line in lines if line.endswith("\n")]


def _reason(error: Exception) -> str:
    failures = getattr(error, "worker_failures", None) or {}
    for rank, failure in failures.items():
        lines = str(failure).strip().splitlines() or [""]
        return f"The training's worker {rank} failed too often, last by {type(failure).__name__}: {lines[-1]}"
    return f"Ray could not run the training: {type(getattr(error, 'controller_failure', error)).__name__}."

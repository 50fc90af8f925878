"""A training inside one Ray Train run, resumed from its last checkpoint when a worker is lost."""

import json
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import ray
import ray.train
import ray.train.torch
from ray.train import Checkpoint, CheckpointConfig, FailureConfig, Result, RunConfig, ScalingConfig, UserCallback

from components.cluster import ray_session
from components.errors import TrainingError
from components.training._report import EpochReport
from components.training._run import run
from components.training._state import State
from components.training._task import Task

_STATE = "state.pt"
_EPOCHS = "epochs.jsonl"
_LOOK_S = 0.2


def run_on_ray(task: Task, *, folder: Path, run_name: str, on_epoch: Callable[[EpochReport], None] | None) -> State:
    """The finished state of the training; the same folder and run name take an interrupted one up again.

    Raises:
        TrainingError: the cluster lacks what the settings ask for, or workers were lost too often.
    """
    with ray_session():
        resources = _resources(task)
        trainer = ray.train.torch.TorchTrainer(
            _work,
            train_loop_config={"task": task, "threads": int(resources["CPU"])},
            scaling_config=ScalingConfig(
                num_workers=task.settings.workers, use_gpu=task.settings.use_gpu, resources_per_worker=resources
            ),
            run_config=RunConfig(
                name=run_name,
                storage_path=str(folder),
                failure_config=_failures_allowed(task.settings.max_failures),
                checkpoint_config=CheckpointConfig(num_to_keep=1),
                callbacks=[_EpochFile(folder / _EPOCHS)],  # type: ignore[list-item]  # typed as Train V1's
            ),
        )
        result = _followed(trainer, folder / _EPOCHS, on_epoch)
        if result.checkpoint is None:
            raise TrainingError("The training ended without a checkpoint: see Ray's logs.")
        with result.checkpoint.as_directory() as checkpoint:
            return State.load(Path(checkpoint) / _STATE)


class _EpochFile(UserCallback):
    """Writes each report down; runs in Ray's controller, which lives on the driver's machine."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Checkpoint | None) -> None:
        with self._file.open("a") as lines:
            lines.write(json.dumps(metrics[0]) + "\n")


def _work(config: dict[str, Any]) -> None:
    """What each worker does."""
    before = ray.train.get_checkpoint()
    state = None
    if before is not None:
        with before.as_directory() as folder:
            state = State.load(Path(folder) / _STATE)
    run(
        config["task"],
        device=ray.train.torch.get_device(),
        threads=config["threads"],
        state=state,
        after_epoch=_report,
    )


def _report(state: State) -> None:
    with tempfile.TemporaryDirectory() as folder:
        state.save(Path(folder) / _STATE)
        ray.train.report(asdict(state.reports[-1]), checkpoint=Checkpoint.from_directory(folder))


def _resources(task: Task) -> dict[str, float]:
    """What each worker gets; refused here, because Ray waits for ever for what its cluster does not have."""
    settings = task.settings
    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    cores = int(there.get("CPU", 0))
    threads = settings.threads or max(1, cores // settings.workers)
    if threads * settings.workers > cores:
        raise TrainingError(
            f"The training needs {threads * settings.workers} CPU cores (training.workers × training.threads), but"
            f" Ray has {cores}: set fewer."
        )
    resources = {"CPU": float(threads)}
    if settings.use_gpu:
        if settings.workers > there.get("GPU", 0):
            raise TrainingError(
                f"The training needs {settings.workers} GPUs, but Ray has {int(there.get('GPU', 0))}:"
                " set training.use_gpu to false."
            )
        resources["GPU"] = 1.0
    return resources


def _failures_allowed(number: int) -> FailureConfig:
    """So many lost workers, and as many failed starts of them, which Ray would repeat for ever."""
    return FailureConfig(
        max_failures=number,
        controller_failure_limit=number,  # type: ignore[call-arg]  # typed as Train V1's
    )


def _followed(
    trainer: ray.train.torch.TorchTrainer, file: Path, on_epoch: Callable[[EpochReport], None] | None
) -> Result:
    """The run's result; meanwhile `on_epoch` is told of each new epoch, in the caller's own thread."""
    told = 0
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
    return f"Ray could not run the training: {type(error).__name__}."

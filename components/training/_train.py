"""One training from a snapshot to a model on disk."""

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import torch

from components.errors import TrainingError
from components.models import ModelConfig, save_weights
from components.settings import TrainingSettings
from components.training._checks import check_base, check_run, check_sizes, check_snapshot, claim
from components.training._learner import trained_weights
from components.training._report import EpochReport, TrainingResult
from components.training._run import run
from components.training._state import State
from components.training._task import Task

_MODEL = "model"
_RESULT = "result.json"
_RAY = "ray"
_STATE = "state.pt"


def train(  # noqa: PLR0913  what is trained, how, and where it lies
    snapshot: Path,
    *,
    model: ModelConfig,
    settings: TrainingSettings,
    base: Path | None,
    folder: Path,
    run_name: str,
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> TrainingResult:
    """Trains on a snapshot's training side, stops by its validation side, and keeps the best epoch's weights.

    The same call goes on where an interrupted one stopped, and returns at once what a finished one left. The same
    snapshot, model, settings and seed give the same weights on the same machine.

    Args:
        snapshot: folder of a frozen snapshot.
        base: folder of the model to start from (fine-tuning); None starts from random weights.
        folder: of this training alone; the model comes to folder/model.
        run_name: under which Ray Train knows the run.
        on_epoch: told of each epoch, in the caller's thread.

    Raises:
        SnapshotError: the snapshot is missing or was altered.
        ModelError: the base model is not of the architecture to be trained.
        TrainingError: nothing to learn from, not enough CPUs or GPUs, a loss that is no number, workers lost.
    """
    check_run(settings, run_name)
    snapshot_hash = check_snapshot(snapshot)
    task = Task(
        snapshot=snapshot.resolve(),
        snapshot_hash=snapshot_hash,
        model=check_sizes(snapshot, model, settings),
        settings=settings,
        base=check_base(base, model),
        seed=seed,
    )
    claim(folder, task.fingerprint())
    if (finished := _finished(folder)) is not None:
        return finished
    state = _run(task, folder, run_name, on_epoch)
    if state.failure is not None:
        raise TrainingError(f"The training failed: {state.failure}. Lower training.learning_rate or check the data.")
    return _kept(state, task, folder)


def _run(task: Task, folder: Path, run_name: str, on_epoch: Callable[[EpochReport], None] | None) -> State:
    if task.settings.workers == 0:
        return _run_here(task, folder / _STATE, on_epoch)
    from components.training._on_ray import run_on_ray  # Ray takes seconds to import

    return run_on_ray(task, folder=folder / _RAY, run_name=run_name, on_epoch=on_epoch)


def _run_here(task: Task, file: Path, on_epoch: Callable[[EpochReport], None] | None) -> State:
    """The training in this process, with the same checkpoints as a worker's."""

    def after(state: State) -> None:
        state.save(file)
        if on_epoch is not None and state.step == 0 and state.failure is None:
            on_epoch(state.reports[-1])

    return run(
        task,
        device=torch.device("cuda" if task.settings.use_gpu else "cpu"),
        threads=task.settings.threads,
        state=State.load(file) if file.is_file() else None,
        after=after,
    )


def _kept(state: State, task: Task, folder: Path) -> TrainingResult:
    """The best epochs' weights as a model; the checkpoints are needed no more."""
    save_weights(task.model, trained_weights(task, state), folder / _MODEL)
    best = {name: part.best_epoch for name, part in state.parts.items()}
    record = {"best": best, "epochs": [asdict(report) for report in state.reports]}
    (folder / _RESULT).write_text(json.dumps(record, indent=2))
    shutil.rmtree(folder / _RAY, ignore_errors=True)
    (folder / _STATE).unlink(missing_ok=True)
    return _result(folder, state.reports, best)


def _finished(folder: Path) -> TrainingResult | None:
    """What this very training left when it was finished before."""
    file = folder / _RESULT
    if not file.is_file():
        return None
    record = json.loads(file.read_text())
    return _result(folder, [EpochReport(**report) for report in record["epochs"]], record["best"])


def _result(folder: Path, reports: Sequence[EpochReport], best: Mapping[str, int]) -> TrainingResult:
    return TrainingResult(
        model_dir=folder / _MODEL, epochs=tuple(reports), best_epoch=best["solo"], duo_best_epoch=best.get("duo")
    )

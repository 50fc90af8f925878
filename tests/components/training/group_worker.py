"""One of several processes that train together: python group_worker.py SNAPSHOT FOLDER RANK SIZE.

Leaves in FOLDER what it got: loss and gradient of a batch by either objective, and the finished training's state.
"""

import os
import sys
from pathlib import Path

import torch
from torch import distributed

from components.catalog import Side
from components.datasets import Snapshot
from components.models import ModelConfig, SoloNet
from components.settings import Architecture, Objective, Optimizer, Schedule, TrainingSettings
from components.training._data import Cases
from components.training._objective import Classify, Contrast, Goal
from components.training._run import run
from components.training._state import State
from components.training._task import Task
from components.training._together import Together

CPU = torch.device("cpu")
MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1, duo=True)
SETTINGS = TrainingSettings(
    epochs=4,
    batch_size=12,
    learning_rate=0.003,
    optimizer=Optimizer.ADAMW,
    schedule=Schedule.COSINE,
    min_pairs=2,
    checkpoint_s=1e-9,
)


def task(snapshot: Snapshot) -> Task:
    """What they train."""
    return Task(
        snapshot=snapshot.folder, snapshot_hash=snapshot.hash, model=MODEL, settings=SETTINGS, base=None, seed=0
    )


def gradient(goal: Goal, cases: Cases, outputs: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Loss and gradient of one batch, all workers' together, for outputs [1, N, …] that one matrix makes."""
    together, rows = Together.here(), torch.arange(len(cases)).flip(0)
    matrix = torch.eye(outputs.shape[-1], requires_grad=True)
    loss = goal.loss(outputs[:, together.share(rows)] @ matrix, rows, cases, together)
    loss.backward()
    assert matrix.grad is not None
    found = loss.detach(), matrix.grad
    together.add(found)
    return found


def gradients(snapshot: Snapshot) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """By objective; every other label of every third case is not known."""
    cases = Cases.of(snapshot, Side.TRAIN, laterals=False, device=CPU, limit_mb=None)
    cases.weights[::3, ::2] = 0
    draws = torch.Generator().manual_seed(0)
    logits = torch.randn(1, len(cases), 14, generator=draws)
    points = torch.nn.functional.normalize(torch.randn(1, len(cases), 2, 8, generator=draws), dim=-1)
    classify = Classify(SoloNet(MODEL), cases, limit=10, from_base=False)
    contrast = Contrast(SoloNet(MODEL), SETTINGS.model_copy(update={"objective": Objective.CONTRAST}))
    return {"classify": gradient(classify, cases, logits), "contrast": gradient(contrast, cases, points)}


def work(snapshot: Snapshot, folder: Path) -> None:
    """Everything, in this process's group."""
    rank, steps = Together.here().rank, []

    def after(state: State) -> None:
        steps.append((state.epoch, state.step))
        if (state.epoch, state.step) == (1, 2):
            state.save(folder / f"middle-{rank}.pt")

    torch.save(gradients(snapshot), folder / f"gradients-{rank}.pt")
    run(task(snapshot), device=CPU, threads=1, state=None, after=after).save(folder / f"state-{rank}.pt")
    (folder / f"steps-{rank}.txt").write_text(str(steps))


if __name__ == "__main__":
    snapshot_folder, out, rank, size = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    distributed.init_process_group("gloo", init_method=f"file://{out / 'meeting'}", rank=rank, world_size=size)
    work(Snapshot.open(snapshot_folder), out)
    distributed.destroy_process_group()

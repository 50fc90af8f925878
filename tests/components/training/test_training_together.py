"""Holds: two processes that train together find the gradient of one, hold the same weights, and one can go on alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from blob_snapshot import write_blobs
from group_worker import CPU, gradients, task

from components.datasets import Snapshot
from components.training._run import run
from components.training._state import State
from components.training._together import Together

_WORKER = Path(__file__).with_name("group_worker.py")
_ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return write_blobs(tmp_path_factory.mktemp("blobs") / "snapshot", images=100, laterals=40)


@pytest.fixture(scope="module")
def trained(blobs: Snapshot, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where two workers left what they found."""
    folder = tmp_path_factory.mktemp("together")
    workers = [
        subprocess.Popen(
            [sys.executable, "-W", "ignore", str(_WORKER), str(blobs.folder), str(folder), str(rank), "2"],
            env={**os.environ, "PYTHONPATH": str(_ROOT)},
        )
        for rank in range(2)
    ]
    try:
        assert [worker.wait(timeout=500) for worker in workers] == [0, 0]
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return folder


def test_shares_of_losses_and_gradients_add_up_to_those_of_one_process(blobs: Snapshot, trained: Path) -> None:
    alone = gradients(blobs)
    for rank in range(2):
        together = torch.load(trained / f"gradients-{rank}.pt", weights_only=True)
        for objective, (loss, gradient) in alone.items():
            torch.testing.assert_close(together[objective][0], loss)
            torch.testing.assert_close(together[objective][1], gradient)


def test_all_workers_hold_the_same_and_save_at_the_same_steps(trained: Path) -> None:
    one, other = (State.load(trained / f"state-{rank}.pt") for rank in range(2))
    assert one.finished
    for name, part in one.parts.items():
        twin = other.parts[name]
        assert all(torch.equal(value, twin.best[key]) for key, value in part.best.items())
        assert all(torch.equal(value, twin.weights[key]) for key, value in part.weights.items())
    figures = [
        [(each.train_loss, each.validation_loss, each.validation_auc) for each in s.reports] for s in (one, other)
    ]
    assert figures[0] == figures[1]
    steps = [(trained / f"steps-{rank}.txt").read_text() for rank in range(2)]
    assert steps[0] == steps[1]
    assert "(1, 2)" in steps[0]


def test_together_they_learn(trained: Path) -> None:
    first, *_, last = State.load(trained / "state-0.pt").reports
    assert last.train_loss < 0.9 * first.train_loss
    assert last.duo_train_loss < 0.9 * first.duo_train_loss


def test_one_goes_on_alone_where_two_were(blobs: Snapshot, trained: Path) -> None:
    state = State.load(trained / "middle-1.pt")
    assert (state.epoch, state.step) == (1, 2)
    finished = run(task(blobs), device=CPU, threads=1, state=state, after=lambda _: None)
    assert finished.finished
    assert finished.reports[:1] == state.reports
    assert finished.parts["solo"].steps == State.load(trained / "state-0.pt").parts["solo"].steps


def test_a_process_alone_is_a_group_of_one() -> None:
    together, rows = Together.here(), torch.arange(5)
    assert (together.rank, together.size) == (0, 1)
    assert torch.equal(together.share(rows), rows)
    assert torch.equal(together.gather(rows, 5), rows)

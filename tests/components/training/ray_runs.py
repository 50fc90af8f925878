"""One small training, here, in processes of its own or on Ray, and what it takes to kill a part of it in mid-epoch.

As a script: the driver of a training on Ray, in a process that can be killed.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import torch
from safetensors.torch import load_file
from torch import distributed

from components.errors import TrainingError
from components.models import ModelConfig
from components.settings import Architecture, TrainingSettings
from components.training import TrainingResult, train

Kill = tuple[int, int, Callable[[], None]]

MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1)
SETTINGS = TrainingSettings(
    epochs=4, batch_size=16, learning_rate=0.002, optimizer="adamw", threads=1, checkpoint_s=0.001
)
_HERE, _ROOT = Path(__file__).parent, Path(__file__).parents[3]
_LONGEST_S = 300


def run(blobs: Path, folder: Path, **settings: Any) -> TrainingResult:
    """The training, with settings of its own and `on_epoch` as given."""
    on_epoch = settings.pop("on_epoch", None)
    return train(
        blobs,
        model=MODEL,
        settings=SETTINGS.model_copy(update=settings),
        base=None,
        folder=folder,
        run_name="run",
        seed=0,
        on_epoch=on_epoch,
    )


def weights(result: TrainingResult) -> dict[str, torch.Tensor]:
    """What was learned."""
    return load_file(result.model_dir / "weights.safetensors")


def same(one: TrainingResult, other: TrainingResult) -> bool:
    """Whether both learned the same, to the last bit."""
    first, second = weights(one), weights(other)
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def driver(blobs: Path, folder: Path) -> subprocess.Popen[bytes]:
    """The training with one worker on a Ray of its own, in a process of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["PYTHONPATH"] = f"{_ROOT}:{_HERE}"
    return subprocess.Popen([sys.executable, __file__, "ray", str(blobs), str(folder)], env=environment, cwd=_ROOT)


def together(blobs: Path, folder: Path, workers: int) -> TrainingResult:
    """What so many workers learn without Ray: processes of one group on this machine."""
    environment = os.environ | {"PYTHONPATH": f"{_ROOT}:{_HERE}", "GLOO_SOCKET_IFNAME": "lo"}
    folder.mkdir()
    command = [sys.executable, __file__, "group", str(blobs), str(folder), str(workers)]
    processes = [subprocess.Popen([*command, str(rank)], env=environment, cwd=_ROOT) for rank in range(workers)]
    assert [process.wait(_LONGEST_S) for process in processes] == [0] * workers
    return run(blobs, folder / "0", workers=0)  # returns at once what they left


def wait_for(folder: Path, epoch: int, step: int) -> None:
    """Until the newest checkpoint of the training in `folder` is of this step of the epoch after `epoch`, or later."""
    from components.training._state import State

    begun = time.monotonic()
    while time.monotonic() - begun < _LONGEST_S:
        for file in (folder / "ray" / "run").glob("*/state.pt"):
            try:
                state = State.load(file)
            except TrainingError:
                continue  # not written yet, or removed already
            if (state.epoch, state.step) >= (epoch, step) and state.step > 0:
                return
        time.sleep(0.02)
    raise AssertionError(f"no checkpoint of step {step} after epoch {epoch} within {_LONGEST_S} s")


@contextmanager
def killing(folder: Path, *kills: Kill) -> Iterator[None]:
    """Meanwhile does what is to be done at these checkpoints, one after the other."""

    def do() -> None:
        for epoch, step, kill in kills:
            wait_for(folder, epoch, step)
            kill()
            done.append(epoch)

    done: list[int] = []
    thread = threading.Thread(target=do, daemon=True)
    thread.start()
    yield
    thread.join(_LONGEST_S)
    assert len(done) == len(kills), "the training was over before all was killed"


def training_workers(below: psutil.Process) -> list[psutil.Process]:
    """The processes below this one that train."""
    return [process for process in below.children(recursive=True) if "RayTrainWorker" in _title(process)]


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline()[:1])
    except psutil.NoSuchProcess:
        return ""


def _in_group(blobs: Path, folder: Path, workers: int, rank: int) -> None:
    store = distributed.FileStore(str(folder / "meeting"), workers)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=workers)
    run(blobs, folder / str(rank), workers=0)
    distributed.destroy_process_group()


if __name__ == "__main__":
    where, blobs, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if where == "ray":
        run(blobs, folder, workers=1)
    else:
        _in_group(blobs, folder, int(sys.argv[4]), int(sys.argv[5]))

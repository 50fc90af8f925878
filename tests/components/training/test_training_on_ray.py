"""Holds: a Ray Train run whose worker is killed in mid-training goes on and ends with an undisturbed run's weights."""

import os
import signal
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import torch
from blob_snapshot import write_blobs
from safetensors.torch import load_file

from components.cluster import ray_session
from components.errors import TrainingError
from components.models import ModelConfig
from components.settings import Architecture, TrainingSettings
from components.training import EpochReport, train

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1)
_SETTINGS = TrainingSettings(epochs=6, batch_size=4, learning_rate=0.002, optimizer="adamw", workers=1, threads=1)


def _workers() -> list[psutil.Process]:
    """The processes below this one that train."""
    return [
        process
        for process in psutil.Process().children(recursive=True)
        if process.is_running() and "RayTrainWorker" in " ".join(process.cmdline()[:1])
    ]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")  # Ray Train copies settings that Ray Data calls old
def test_a_killed_worker_costs_no_more_than_time(tmp_path: Path) -> None:
    blobs = write_blobs(tmp_path / "snapshot").folder
    told: list[EpochReport] = []

    def kill_after_two(report: EpochReport) -> None:
        told.append(report)
        if report.epoch == 2:
            for worker in _workers():
                os.kill(worker.pid, signal.SIGKILL)

    run = {"model": _MODEL, "base": None, "run_name": "run", "seed": 0}
    with ray_session():
        with pytest.raises(TrainingError, match="CPU cores"):
            train(
                blobs,
                settings=_SETTINGS.model_copy(update={"threads": 4096}),
                folder=tmp_path / "huge",
                **run,
            )
        killed = train(blobs, settings=_SETTINGS, folder=tmp_path / "killed", on_epoch=kill_after_two, **run)
    undisturbed = train(
        blobs, settings=_SETTINGS.model_copy(update={"workers": 0}), folder=tmp_path / "undisturbed", **run
    )
    assert [report.epoch for report in told] == [1, 2, 3, 4, 5, 6]
    clock = {"seconds": 0.0, "images_per_s": 0.0}
    assert [replace(report, **clock) for report in killed.epochs] == [
        replace(report, **clock) for report in undisturbed.epochs
    ]
    one, other = (load_file(result.model_dir / "weights.safetensors") for result in (killed, undisturbed))
    assert all(torch.equal(one[name], other[name]) for name in other)

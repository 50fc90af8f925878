"""Holds: what a training's killed driver, worker or node cost is time; it ends with an undisturbed run's weights."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
import ray_runs
from blob_snapshot import write_blobs
from ray_nodes import Nodes, nodes

from components.cluster import ray_session
from components.errors import TrainingError
from components.training import EpochReport, TrainingResult, _crew

_GONE_S = 60
_OTHER_NUMBER = 0.02  # loss; another number of workers has other batch-norm statistics and sums in another order


def _without_clock(result: TrainingResult) -> list[EpochReport]:
    return [replace(report, seconds=0.0, images_per_s=0.0) for report in result.epochs]


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blobs(tmp_path_factory.mktemp("blobs") / "snapshot").folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")  # Ray Train copies settings that Ray Data calls old
def test_a_killed_driver_costs_no_more_than_time(blobs: Path, tmp_path: Path) -> None:
    driver = ray_runs.driver(blobs, tmp_path / "killed")
    ray_runs.wait_for(tmp_path / "killed", epoch=1, step=2)
    workers = ray_runs.training_workers(psutil.Process(driver.pid))
    os.kill(driver.pid, signal.SIGKILL)
    driver.wait()
    assert workers and not psutil.wait_procs(workers, timeout=_GONE_S)[1], "its worker ends with it"
    told: list[int] = []
    with ray_session():
        with pytest.raises(TrainingError, match="CPU cores"):
            ray_runs.run(blobs, tmp_path / "huge", workers=1, threads=4096)
        killed = ray_runs.run(blobs, tmp_path / "killed", workers=1, on_epoch=lambda report: told.append(report.epoch))
    undisturbed = ray_runs.run(blobs, tmp_path / "undisturbed", workers=0)
    assert told and told == list(range(told[0], 5)) and told[0] > 1, "the first epochs were the killed one's"
    assert _without_clock(killed) == _without_clock(undisturbed)
    assert ray_runs.same(killed, undisturbed)


@pytest.fixture(scope="module")
def undisturbed(blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    """What two workers learn without Ray."""
    return ray_runs.together(blobs, tmp_path_factory.mktemp("undisturbed") / "two", 2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Nodes]:
    with nodes(3) as cluster, ray_session():
        yield cluster


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")
def test_a_killed_worker_and_a_killed_node_cost_no_more_than_time(
    blobs: Path, undisturbed: TrainingResult, cluster: Nodes, tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="needs 4 workers of 1 CPU cores each, but Ray has room for 3"):
        ray_runs.run(blobs, tmp_path / "huge", workers=4)
    with pytest.raises(TrainingError, match="does not see the training's folder"):
        ray_runs.run(blobs, _seen_from_here(tmp_path), workers=2)
    with ray_runs.killing(tmp_path / "killed", (1, 2, cluster.kill_worker), (2, 2, cluster.kill_node)):
        killed = ray_runs.run(blobs, tmp_path / "killed", workers=2)
    assert _without_clock(killed) == _without_clock(undisturbed)
    assert ray_runs.same(killed, undisturbed)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")
def test_a_training_goes_on_with_fewer_workers_when_a_node_is_lost(
    blobs: Path, undisturbed: TrainingResult, cluster: Nodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.keep(2)
    monkeypatch.setattr(_crew, "_SETTLED_S", 5)
    with ray_runs.killing(tmp_path / "fewer", (1, 2, cluster.kill_node)):
        fewer = ray_runs.run(blobs, tmp_path / "fewer", workers=2, min_workers=1)
    assert _without_clock(fewer)[0] == _without_clock(undisturbed)[0], "before the loss"
    assert not ray_runs.same(fewer, undisturbed), "batch norm sees other batches when one worker has all pictures"
    assert fewer.epochs[-1].train_loss == pytest.approx(undisturbed.epochs[-1].train_loss, abs=_OTHER_NUMBER)
    monkeypatch.setattr(_crew, "_LOOK_S", 0)
    monkeypatch.setattr(_crew, "_LOST_FOR_S", 0)
    wanted = "lost nodes and has room for 1 workers, but the training needs 2"
    with ray_session(), pytest.raises(TrainingError, match=wanted):
        _crew.Patience(_crew.Crew(workers=2, fewest=2, most=2, threads=1, gpu=False)).look()


def _seen_from_here(folder: Path) -> Path:
    """The folder by a name that only this process knows."""
    return Path(f"/proc/self/fd/{os.open(folder, os.O_RDONLY)}") / "elsewhere"

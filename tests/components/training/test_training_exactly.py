"""Holds: a training goes on from the very step where it stopped, and where pictures lie changes nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from blob_snapshot import write_blobs

from components.catalog import Side
from components.datasets import Snapshot
from components.models import ModelConfig
from components.settings import Architecture, Optimizer, Precision, Schedule, TrainingSettings
from components.training._data import Cases
from components.training._pictures import Resident, Streamed
from components.training._precision import has_bfloat16
from components.training._run import run
from components.training._state import State
from components.training._task import Task

_CPU = torch.device("cpu")
_SETTINGS = TrainingSettings(
    epochs=2,
    batch_size=16,
    learning_rate=0.002,
    optimizer=Optimizer.ADAMW,
    schedule=Schedule.COSINE,
    ema=0.9,
    min_pairs=2,
)


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return write_blobs(tmp_path_factory.mktemp("blobs") / "snapshot", images=80, laterals=40)


@pytest.fixture(scope="module")
def undisturbed(blobs: Snapshot) -> State:
    return _run(blobs)


def _run(
    blobs: Snapshot, *, state: State | None = None, after: Callable[[State], None] = lambda _: None, **changes: Any
) -> State:
    task = Task(
        snapshot=blobs.folder,
        snapshot_hash=blobs.hash,
        model=ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.5, duo=True),
        settings=_SETTINGS.model_copy(update=changes),
        base=None,
        seed=3,
    )
    return run(task, device=_CPU, threads=1, state=state, after=after)


def _facts(state: State) -> list[Any]:
    """Everything but the clock."""
    clock = {"seconds": 0.0, "images_per_s": 0.0}
    reports = [replace(report, **clock) for report in state.reports]
    return [reports, {name: (part.best_epoch, part.best_loss, part.steps) for name, part in state.parts.items()}]


def _same(one: Any, other: Any) -> bool:
    """Whether two nests of dictionaries hold the same tensors to the bit."""
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def _weights(state: State) -> dict[str, Any]:
    return {
        name: {"best": part.best, "last": part.weights, "average": part.average, "optimizer": part.optimizer["state"]}
        for name, part in state.parts.items()
    }


@pytest.mark.parametrize("stop_after", [(1, 2), (2, 1)])  # epoch and steps of it: SoloNet has three, DuoNet two
def test_a_training_stopped_in_mid_epoch_ends_as_an_undisturbed_one(
    blobs: Snapshot, tmp_path: Path, undisturbed: State, stop_after: tuple[int, int]
) -> None:
    def save(state: State) -> None:
        state.save(tmp_path / "state.pt")
        if (state.epoch + 1, state.step) == stop_after:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(blobs, after=save, checkpoint_s=1e-9)
    torch.manual_seed(77)  # what another process drew before is no matter
    state = State.load(tmp_path / "state.pt")
    assert (state.epoch + 1, state.step) == stop_after
    resumed = _run(blobs, state=state)
    assert _facts(resumed) == _facts(undisturbed)
    assert _same(_weights(resumed), _weights(undisturbed))


def test_pictures_that_stream_from_disk_train_the_same_weights(blobs: Snapshot, undisturbed: State) -> None:
    streamed = _run(blobs, resident_mb=0)
    assert _facts(streamed) == _facts(undisturbed)
    assert _same(_weights(streamed), _weights(undisturbed))


def test_streamed_and_resident_pictures_are_the_same_bytes(blobs: Snapshot) -> None:
    wanted = [torch.randint(0, len(blobs.pixels), (7,)) for _ in range(6)]
    rows = torch.arange(len(blobs.pixels)).flip(0).numpy()
    sides = [kind(blobs.pixels, rows, _CPU).batches(wanted) for kind in (Resident, Streamed)]
    for numbers, one, other in zip(wanted, *sides, strict=True):
        assert torch.equal(one, other)
        assert torch.equal(one, torch.from_numpy(blobs.pixels[rows[numbers.numpy()]]))


def test_a_side_that_fits_is_resident(blobs: Snapshot) -> None:
    for limit, kind in ((None, Resident), (1, Resident), (0, Streamed)):
        cases = Cases.of(blobs, Side.TRAIN, laterals=True, device=_CPU, limit_mb=limit)
        assert isinstance(cases.pictures, kind)


def test_a_case_has_its_own_study_s_lateral(blobs: Snapshot) -> None:
    cases = Cases.of(blobs, Side.TRAIN, laterals=True, device=_CPU, limit_mb=None)
    frame = blobs.cases(Side.TRAIN)
    paired = torch.from_numpy((frame["lateral"] >= 0).to_numpy(copy=True))
    assert torch.equal(cases.lateral >= 0, paired)
    rows = torch.arange(len(cases))[paired]
    (pictures,) = cases.pictures.batches([cases.numbers("lateral", rows)])
    assert torch.equal(pictures, torch.from_numpy(blobs.pixels[frame.loc[paired.numpy(), "lateral"].to_numpy()]))


@pytest.mark.skipif(not has_bfloat16(_CPU), reason="this processor has no bfloat16")
def test_bfloat16_repeats_itself_and_keeps_weights_in_float32(blobs: Snapshot) -> None:
    once, twice = (_run(blobs, precision=Precision.BFLOAT16, epochs=1) for _ in range(2))
    assert _same(_weights(once), _weights(twice))
    assert {value.dtype for value in once.parts["solo"].best.values()} == {torch.float32, torch.int64}
    exact = _run(blobs, epochs=1)
    assert not _same(_weights(once), _weights(exact))
    assert once.reports[0].train_loss == pytest.approx(exact.reports[0].train_loss, rel=0.05)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_compiled_and_in_bfloat16(blobs: Snapshot) -> None:
    task = Task(
        snapshot=blobs.folder,
        snapshot_hash=blobs.hash,
        model=ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1, duo=True),
        settings=_SETTINGS.model_copy(update={"epochs": 20, "compile": True, "precision": Precision.AUTO}),
        base=None,
        seed=0,
    )
    state = run(task, device=torch.device("cuda"), threads=None, state=None, after=lambda _: None)
    assert max(report.validation_auc for report in state.reports) > 0.85
    assert state.reports[-1].gpu_memory_mb > 0

"""Holds: SoloNet and DuoNet learn in one run, each as if it were alone, and DuoNet sees what laterals show."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from blob_snapshot import write_blobs
from safetensors.torch import load_file

from components.models import ModelConfig, load_model
from components.settings import Architecture, Optimizer, Schedule, TrainingSettings
from components.training import TrainingResult, train

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1, duo=True)
_SETTINGS = TrainingSettings(
    epochs=6,
    batch_size=8,
    learning_rate=0.002,
    optimizer=Optimizer.ADAMW,
    schedule=Schedule.COSINE,
    min_pairs=2,
    workers=0,
    threads=1,
)


@pytest.fixture(scope="module")
def hidden(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is to be found shows in the lateral images alone."""
    return write_blobs(tmp_path_factory.mktemp("hidden") / "snapshot", images=100, shown=False, laterals=80).folder


@pytest.fixture(scope="module")
def trained(hidden: Path, tmp_path_factory: pytest.TempPathFactory) -> TrainingResult:
    return _train(hidden, tmp_path_factory.mktemp("trained") / "run")


def _train(snapshot: Path, folder: Path, *, model: ModelConfig = _MODEL, **changes: Any) -> TrainingResult:
    base = changes.pop("base", None)
    settings = _SETTINGS.model_copy(update=changes)
    return train(snapshot, model=model, settings=settings, base=base, folder=folder, run_name="run", seed=1)


def _weights(result: TrainingResult, part: str) -> dict[str, torch.Tensor]:
    weights = load_file(result.model_dir / "weights.safetensors")
    return {name: value for name, value in weights.items() if name.startswith(part)}


def test_what_only_laterals_show_is_seen_by_duonet_alone(trained: TrainingResult) -> None:
    last = trained.epochs[-1]
    assert last.duo_validation_auc is not None
    assert last.duo_validation_auc > 0.85
    assert last.validation_auc < 0.8
    losses = [report.duo_validation_loss for report in trained.epochs]
    assert trained.duo_best_epoch == 1 + losses.index(min(losses))


def test_solonet_learns_beside_a_duonet_as_alone(hidden: Path, tmp_path: Path) -> None:
    beside = _train(hidden, tmp_path / "beside", epochs=1)
    alone = _train(hidden, tmp_path / "alone", epochs=1, model=_MODEL.model_copy(update={"duo": False}))
    one, other = _weights(beside, "solo."), _weights(alone, "solo.")
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert alone.epochs[0].duo_train_loss is None
    assert beside.epochs[0].validation_auc == alone.epochs[0].validation_auc


def test_one_that_stops_early_waits_for_the_other(hidden: Path, trained: TrainingResult, tmp_path: Path) -> None:
    result = _train(hidden, tmp_path / "run", patience=1, learning_rate=0.004, epochs=12)
    stopped = {name: _stopped(result, name) for name in ("", "duo_")}
    assert len(result.epochs) == max(stopped.values())
    first = min(stopped, key=lambda name: stopped[name])
    assert stopped[first] < len(result.epochs)  # the other went on
    figures = [getattr(report, f"{first}validation_loss") for report in result.epochs]
    assert set(figures[stopped[first] - 1 :]) == {figures[stopped[first] - 1]}


def _stopped(result: TrainingResult, prefix: str) -> int:
    """The first epoch without a better loss, or the last."""
    best = math.inf
    for report in result.epochs:
        loss = getattr(report, f"{prefix}validation_loss")
        if loss >= best:
            return report.epoch
        best = loss
    return len(result.epochs)


def test_a_duonet_starts_from_the_base_s_solonet(hidden: Path, tmp_path: Path) -> None:
    base = _train(hidden, tmp_path / "base", epochs=1, model=_MODEL.model_copy(update={"duo": False}))
    tuned = _train(hidden, tmp_path / "tuned", epochs=1, base=base.model_dir, learning_rate=1e-7)
    of_solo = load_model(base.model_dir).solo.backbones.state_dict()
    duo = load_model(tuned.model_dir).duo
    assert duo is not None
    for view in (duo.frontal, duo.lateral):
        for name, value in view.state_dict().items():
            if "running" not in name and "num_batches" not in name:
                assert torch.allclose(value, of_solo[name], atol=1e-4)


def test_too_few_laterals_train_no_duonet(hidden: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    result = _train(hidden, tmp_path / "run", epochs=1, min_pairs=49)
    assert load_model(result.model_dir).duo is None
    assert result.duo_best_epoch is None
    assert "48 training and 16 validation images have a lateral, and training.min_pairs is 49" in caplog.text

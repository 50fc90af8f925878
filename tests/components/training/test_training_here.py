"""Holds: training in this process learns, repeats itself, goes on where it stopped, and refuses what cannot work."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from blob_snapshot import write_blobs
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ModelError, SnapshotError, StorageError, TrainingError
from components.models import ModelConfig, StudyNet, load_model, prepare, save_model
from components.settings import Architecture, Optimizer, TrainingSettings
from components.training import EpochReport, TrainingResult, train

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1)
_SETTINGS = TrainingSettings(
    epochs=4, batch_size=4, learning_rate=0.002, optimizer="adamw", schedule="cosine", workers=0, threads=1
)
_EDEMA = 4


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blobs(tmp_path_factory.mktemp("blobs") / "snapshot").folder


@pytest.fixture(scope="module")
def trained(blobs: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainingResult, list[EpochReport]]:
    told: list[EpochReport] = []
    return _train(blobs, tmp_path_factory.mktemp("trained") / "run", on_epoch=told.append), told


def _train(
    blobs: Path, folder: Path, *, settings: TrainingSettings = _SETTINGS, model: ModelConfig = _MODEL, **others: Any
) -> TrainingResult:
    facts = {"base": None, "seed": 0, "on_epoch": None} | others
    return train(blobs, model=model, settings=settings, folder=folder, run_name="run", **facts)


def _changed(**changes: Any) -> TrainingSettings:
    return _SETTINGS.model_copy(update=changes)


def _weights(result: TrainingResult) -> dict[str, torch.Tensor]:
    return load_file(result.model_dir / "weights.safetensors")


def _same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_what_is_plain_to_see_is_learned(blobs: Path, trained: tuple[TrainingResult, list[EpochReport]]) -> None:
    snapshot = Snapshot.open(blobs)
    rows = snapshot.rows(Side.TEST)
    model = load_model(trained[0].model_dir)
    with torch.inference_mode():
        answers = model.probabilities(prepare(torch.from_numpy(snapshot.pixels[rows["row"].to_numpy()]), 32))
    assert roc_auc_score(rows["label_edema"], answers[:, _EDEMA]) > 0.85


def test_each_epoch_is_told_and_the_best_is_kept(trained: tuple[TrainingResult, list[EpochReport]]) -> None:
    result, told = trained
    assert tuple(told) == result.epochs
    assert [report.epoch for report in told] == [1, 2, 3, 4]
    losses = [report.validation_loss for report in told]
    assert result.best_epoch == 1 + losses.index(min(losses))
    assert all(report.images_per_s > 0 and report.seconds > 0 for report in told)


def test_same_seed_gives_the_same_weights_another_seed_others(
    blobs: Path, tmp_path: Path, trained: tuple[TrainingResult, list[EpochReport]]
) -> None:
    torch.manual_seed(99)  # what the caller drew before is no matter
    assert _same(_weights(_train(blobs, tmp_path / "again")), _weights(trained[0]))
    assert not _same(_weights(_train(blobs, tmp_path / "other", seed=1)), _weights(trained[0]))


def test_an_interrupted_training_ends_as_an_undisturbed_one(
    blobs: Path, tmp_path: Path, trained: tuple[TrainingResult, list[EpochReport]]
) -> None:
    told: list[int] = []

    def stop_after_two(report: EpochReport) -> None:
        told.append(report.epoch)
        if told == [1, 2]:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _train(blobs, tmp_path / "run", on_epoch=stop_after_two)
    resumed = _train(blobs, tmp_path / "run", on_epoch=stop_after_two)
    assert told == [1, 2, 3, 4]
    assert _same(_weights(resumed), _weights(trained[0]))
    clock = {"seconds": 0.0, "images_per_s": 0.0}
    assert [replace(report, **clock) for report in resumed.epochs] == [
        replace(report, **clock) for report in trained[0].epochs
    ]


def test_a_finished_training_is_not_run_again(blobs: Path, trained: tuple[TrainingResult, list[EpochReport]]) -> None:
    result, _ = trained
    told: list[EpochReport] = []
    assert _train(blobs, result.model_dir.parent, on_epoch=told.append) == result
    assert told == []


def test_a_folder_is_not_shared_by_two_trainings(
    blobs: Path, trained: tuple[TrainingResult, list[EpochReport]]
) -> None:
    with pytest.raises(TrainingError, match="choose another"):
        _train(blobs, trained[0].model_dir.parent, seed=5)


def test_fine_tuning_starts_from_the_base_model(
    blobs: Path, tmp_path: Path, trained: tuple[TrainingResult, list[EpochReport]]
) -> None:
    gentle = _changed(epochs=1, learning_rate=1e-6)
    tuned = _train(blobs, tmp_path / "tuned", base=trained[0].model_dir, settings=gentle)
    before, after = _weights(trained[0]), _weights(tuned)
    name = "solo.heads.0.1.weight"
    assert torch.allclose(before[name], after[name], atol=1e-4)


def test_training_stops_when_validation_gets_no_better(tmp_path: Path) -> None:
    unlearnable = write_blobs(tmp_path / "snapshot", shown=False, images=60).folder
    result = _train(unlearnable, tmp_path / "run", settings=_changed(epochs=40, patience=2))
    assert len(result.epochs) < 40
    assert len(result.epochs) == result.best_epoch + 2


def test_a_loss_that_is_no_number_ends_the_training(blobs: Path, tmp_path: Path) -> None:
    wild = _changed(optimizer=Optimizer.SGD, learning_rate=1e30)
    for _ in range(2):  # asked again, it says so again, at once
        with pytest.raises(TrainingError, match="no longer a number in epoch 1"):
            _train(blobs, tmp_path / "run", settings=wild)
    assert not (tmp_path / "run" / "model").exists()


def test_several_members_train_side_by_side(blobs: Path, tmp_path: Path) -> None:
    pair = _MODEL.model_copy(update={"members": (Architecture.MOBILENETV2, Architecture.MOBILENETV2)})
    result = _train(blobs, tmp_path / "run", model=pair, settings=_changed(epochs=1))
    assert len(load_model(result.model_dir).solo.backbones) == 2


def test_a_missing_snapshot_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no snapshot here"):
        _train(tmp_path / "nowhere", tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("altered", [True, False])
def test_a_snapshot_with_an_altered_or_missing_shard_is_refused(tmp_path: Path, altered: bool) -> None:
    folder = write_blobs(tmp_path / "snapshot", images=20).folder
    shard = folder / "pixels-00000.npy"
    content = bytearray(shard.read_bytes())
    content[-1] ^= 1
    shard.unlink()
    if altered:
        shard.write_bytes(content)
    with pytest.raises(SnapshotError, match="altered" if altered else "missing"):
        _train(folder, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_pickle_in_place_of_weights_is_refused(blobs: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    save_model(StudyNet(_MODEL), base)
    weights = base / "weights.safetensors"
    torch.save(torch.load, weights)  # a function: what a pickle could run
    with pytest.raises(ModelError, match="nothing was loaded"):
        _train(blobs, tmp_path / "run", base=base)
    weights.rename(base / "weights.pt")
    with pytest.raises(ModelError, match="may run code when loaded and is refused"):
        _train(blobs, tmp_path / "run", base=base)
    assert not (tmp_path / "run").exists()


def test_too_few_pictures_for_the_workers_are_refused(tmp_path: Path) -> None:
    small = write_blobs(tmp_path / "snapshot", images=10).folder  # six to train on
    with pytest.raises(TrainingError, match="6 training and 2 validation images are too few for 4 workers"):
        _train(small, tmp_path / "run", settings=_changed(workers=4))


def test_a_label_without_a_positive_is_not_unlearned(
    blobs: Path, tmp_path: Path, trained: tuple[TrainingResult, list[EpochReport]]
) -> None:
    """Only oedema has positives: the others' rows of the head stay what they were."""
    tuned = _train(blobs, tmp_path / "run", base=trained[0].model_dir, settings=_changed(epochs=1))
    before, after = (_weights(result)["solo.heads.0.1.weight"] for result in (trained[0], tuned))
    others = [number for number in range(len(before)) if number != _EDEMA]
    assert torch.equal(before[others], after[others])
    assert not torch.equal(before[_EDEMA], after[_EDEMA])


def test_a_base_of_another_architecture_is_refused(blobs: Path, tmp_path: Path) -> None:
    other = StudyNet(_MODEL.model_copy(update={"members": (Architecture.DENSENET121,)}))
    save_model(other, tmp_path / "base")
    with pytest.raises(ModelError, match="densenet121, but mobilenetv2_100"):
        _train(blobs, tmp_path / "run", base=tmp_path / "base", settings=_changed(workers=1))
    assert not (tmp_path / "run").exists()


def test_labels_without_any_positive_are_refused(blobs: Path, tmp_path: Path) -> None:
    nothing = write_blobs(tmp_path / "snapshot", images=20, rate=0).folder
    with pytest.raises(TrainingError, match="nothing can be learned"):
        _train(nothing, tmp_path / "run")


def test_labels_without_positives_beside_others_are_named_in_the_log(
    blobs: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _train(blobs, tmp_path / "run", settings=_changed(epochs=1))
    assert "No positive to learn from for enlarged_cardiomediastinum" in caplog.text


def test_a_snapshot_without_validation_images_is_refused(tmp_path: Path) -> None:
    lopsided = write_blobs(tmp_path / "snapshot", images=3).folder  # all for training
    with pytest.raises(TrainingError, match="no frontal image on the validation side"):
        _train(lopsided, tmp_path / "run")


@pytest.mark.parametrize(
    ("settings", "run_name", "word"),
    [({}, "../run", "name"), ({"use_gpu": True}, "run", "GPU")],
)
def test_what_cannot_be_run_is_refused(
    blobs: Path, tmp_path: Path, settings: dict[str, Any], run_name: str, word: str
) -> None:
    if torch.cuda.is_available() and settings.get("use_gpu"):
        pytest.skip("this machine has a GPU")
    with pytest.raises(TrainingError, match=word):
        train(
            blobs,
            model=_MODEL,
            settings=_changed(**settings),
            base=None,
            folder=tmp_path / "run",
            run_name=run_name,
            seed=0,
        )


def test_a_folder_that_cannot_be_made_is_a_storage_error(blobs: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError):
        _train(blobs, tmp_path / "file" / "run")

"""Holds: heads learn on frozen networks, the simplest way that is about as good wins, and finished ways are kept."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from blob_snapshot import write_blobs
from safetensors.torch import load_file
from sklearn.metrics import roc_auc_score

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ModelError, TrainingError
from components.evaluation import predict
from components.models import HeadKind, ModelConfig, StudyNet, load_model, save_model
from components.settings import Architecture, AugmentationSettings, Objective, Strategy, TrainingSettings
from components.training import EpochReport, TrainingResult, adapt, embeddings_of, train
from components.training._embed import Rows, embed
from components.training._heads import fit, refit
from components.training._trials import judge

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1)
_HEADS = TrainingSettings(
    epochs=1,
    batch_size=16,
    learning_rate=0.0001,
    optimizer="adamw",
    workers=0,
    threads=1,
    min_pairs=10,
    strategies=(Strategy.LINEAR, Strategy.NONLINEAR),
)
_EDEMA = 4


@pytest.fixture(scope="module")
def blobs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_blobs(tmp_path_factory.mktemp("blobs") / "snapshot", images=80).folder


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that was never trained."""
    folder = tmp_path_factory.mktemp("base")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        save_model(StudyNet(_MODEL), folder)
    return folder


def _adapt(blobs: Path, base: Path, folder: Path, **others: Any) -> TrainingResult:
    facts: dict[str, Any] = {"model": _MODEL, "settings": _HEADS, "run_name": "run", "seed": 0} | others
    return adapt(blobs, base=base, folder=folder, **facts)


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "weights.safetensors")


def test_all_ways_compete_and_the_heads_leave_the_backbones_as_they_are(
    blobs: Path, base: Path, tmp_path: Path
) -> None:
    told: list[EpochReport] = []
    every = _HEADS.model_copy(update={"strategies": tuple(Strategy)})
    result = _adapt(blobs, base, tmp_path / "run", settings=every, on_epoch=told.append)
    assert [trial.strategy for trial in result.trials] == list(Strategy)
    assert [trial.chosen for trial in result.trials].count(True) == 1
    assert result.trials[0].validation_auc > 0.95, "a disc is plain to see even for random features"
    assert tuple(told) == result.epochs
    before = _weights(base)
    for way in ("linear", "nonlinear"):
        after = _weights(tmp_path / "run" / way / "model")
        kept = [name for name in before if ".backbones." in name]
        assert kept
        assert all(torch.equal(before[name], after[name]) for name in kept)
    assert load_model(tmp_path / "run" / "nonlinear" / "model").config.head is HeadKind.NONLINEAR
    assert result.model_dir == tmp_path / "run" / "linear" / "model"


def test_what_was_finished_is_not_done_again_and_what_was_not_comes_out_the_same(
    blobs: Path, base: Path, tmp_path: Path
) -> None:
    first = _adapt(blobs, base, tmp_path / "run")
    heads = _weights(tmp_path / "run" / "nonlinear" / "model")
    (tmp_path / "run" / "nonlinear" / "validation.parquet").unlink()  # as if killed before this way was finished
    written = (tmp_path / "run" / "linear" / "model" / "weights.safetensors").stat().st_mtime_ns
    torch.manual_seed(7)  # what the caller drew before is no matter
    again = _adapt(blobs, base, tmp_path / "run")
    assert again == first
    redone = _weights(tmp_path / "run" / "nonlinear" / "model")
    assert all(torch.equal(heads[name], redone[name]) for name in heads)
    assert (tmp_path / "run" / "linear" / "model" / "weights.safetensors").stat().st_mtime_ns == written
    with pytest.raises(TrainingError, match="choose another"):
        _adapt(blobs, base, tmp_path / "run", seed=1)


@pytest.mark.parametrize("test_time_flip", [False, True])
def test_the_ways_are_judged_by_what_their_models_will_answer(test_time_flip: bool, tmp_path: Path) -> None:
    model = _MODEL.model_copy(update={"duo": True, "test_time_flip": test_time_flip})
    paired = write_blobs(tmp_path / "snapshot", images=80, laterals=30).folder
    save_model(StudyNet(model), tmp_path / "base")
    settings = _HEADS.model_copy(update={"min_pairs": 2, "strategies": tuple(Strategy)})
    _adapt(paired, tmp_path / "base", tmp_path / "run", model=model, settings=settings)
    for way in Strategy:
        judged = pd.read_parquet(tmp_path / "run" / way / "validation.parquet")
        answers = predict(load_model(tmp_path / "run" / way / "model"), Snapshot.open(paired), Side.VALIDATION)
        pd.testing.assert_frame_equal(judged, answers, rtol=0, atol=1e-4)


def test_a_duonet_is_made_where_studies_have_two_views(base: Path, tmp_path: Path) -> None:
    """Frontal pictures show nothing here, laterals do: only joined features can tell."""
    snapshot = write_blobs(tmp_path / "snapshot", images=80, shown=False, laterals=80)
    result = _adapt(snapshot.folder, base, tmp_path / "run", model=_MODEL.model_copy(update={"duo": True}))
    assert load_model(result.model_dir).duo is not None
    assert result.trials[0].validation_auc > 0.9
    few = _HEADS.model_copy(update={"min_pairs": 1000})
    alone = _adapt(snapshot.folder, base, tmp_path / "few", settings=few, model=_MODEL.model_copy(update={"duo": True}))
    assert load_model(alone.model_dir).duo is None
    assert alone.trials[0].validation_auc < 0.9


def test_with_nothing_to_learn_a_linear_head_stays_the_bases_own(base: Path, tmp_path: Path) -> None:
    snapshot = write_blobs(tmp_path / "snapshot", images=60, shown=False)
    model = load_model(base)
    learn, check = (embed(model, snapshot, snapshot.cases(side)) for side in (Side.TRAIN, Side.VALIDATION))
    blank = [
        {"solo": [Rows(features=one.features, targets=one.targets, weights=one.weights * 0) for one in side["solo"]]}
        for side in (learn, check)
    ]
    made = refit(model, HeadKind.LINEAR, *blank, seed=0)
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in made.state_dict().items())


def test_heads_on_a_contrastive_model_start_from_nothing(blobs: Path, tmp_path: Path) -> None:
    contrast = _HEADS.model_copy(update={"objective": Objective.CONTRAST, "learning_rate": 0.001})
    facts: dict[str, Any] = {"model": _MODEL, "settings": contrast, "base": None, "seed": 0, "run_name": "run"}
    first = train(blobs, folder=tmp_path / "contrast", **facts)
    heads = {name: value for name, value in _weights(first.model_dir).items() if ".heads." in name}
    assert heads
    assert not any(value.any() for value in heads.values())
    result = _adapt(blobs, first.model_dir, tmp_path / "run")
    assert result.trials[0].validation_auc > 0.9


def test_a_base_of_another_architecture_is_refused(blobs: Path, base: Path, tmp_path: Path) -> None:
    other = _MODEL.model_copy(update={"members": (Architecture.DENSENET121,)})
    with pytest.raises(ModelError, match=r"set model\.members alike"):
        _adapt(blobs, base, tmp_path / "run", model=other)
    assert not (tmp_path / "run").exists()


def test_embeddings_are_the_pooled_features_of_the_frontal_networks(blobs: Path, base: Path) -> None:
    snapshot = Snapshot.open(blobs)
    found = embeddings_of(load_model(base), snapshot, np.array([3, 1]))
    assert found.shape == (2, 1280)
    assert found.dtype == np.float32
    assert np.allclose(found[1], embeddings_of(load_model(base), snapshot, np.array([1]))[0], atol=1e-5)


def test_the_views_after_the_first_are_varied_as_the_settings_say(blobs: Path, base: Path) -> None:
    snapshot = Snapshot.open(blobs)
    cases = snapshot.cases(Side.VALIDATION)

    def views(variation: AugmentationSettings) -> tuple[torch.Tensor, torch.Tensor]:
        (rows,) = embed(load_model(base), snapshot, cases, views=2, variation=variation)["solo"]
        once, again = rows.features.split(len(cases))
        return once, again

    once, again = views(AugmentationSettings(flip=0, rotate=0))
    assert torch.equal(once, again)
    once, again = views(AugmentationSettings(flip=0, rotate=0, exposure=0.1))
    assert (once != again).any(dim=1).all()


@pytest.mark.parametrize("kind", list(HeadKind))
def test_a_head_learns_from_many_features_of_few_rows(kind: HeadKind) -> None:
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(300, 60, generator=rng) * 5 + 3
    truth = (features[:, :12].mean(dim=1) > 3).float()[:, None]
    rows = Rows(features=features, targets=truth, weights=torch.ones_like(truth))
    learn, check = torch.arange(45), torch.arange(45, 300)
    fitted = fit(kind, [(rows.at(learn), rows.at(check))], dropout=0.1, seed=0)
    assert roc_auc_score(truth[check, 0], fitted.said[0][:, 0]) > 0.65, "60 features of 45 rows"


def test_the_last_head_learns_from_all_rows_where_folds_judge() -> None:
    rng = torch.Generator().manual_seed(0)
    features = torch.randn(60, 8, generator=rng)
    truth = (features[:, :1] > 0).float()
    rows = Rows(features=features, targets=truth, weights=torch.ones_like(truth))
    fold = torch.arange(60) % 3
    folds = [(rows.at(fold != number), rows.at(fold == number)) for number in range(3)]
    fitted = fit(HeadKind.LINEAR, folds, whole=rows, dropout=0, seed=0)
    assert [len(said) for said in fitted.said] == [20, 20, 20]
    said = features @ fitted.weights["1.weight"].T + fitted.weights["1.bias"]
    assert roc_auc_score(truth[:, 0], said[:, 0]) > 0.97


def _answers(noise: float, seed: int) -> pd.DataFrame:
    truth = _truth()
    random = np.random.default_rng(seed).normal(size=truth.shape) * noise
    return pd.DataFrame(truth.fillna(0).to_numpy() + random, index=truth.index, columns=truth.columns)


def _truth() -> pd.DataFrame:
    values = np.random.default_rng(5).integers(0, 2, (200, 3)).astype(float)
    values[:20, 2] = np.nan
    return pd.DataFrame(values, index=[f"S{number:03d}" for number in range(200)], columns=["a", "b", "c"])


def test_the_simplest_way_within_one_standard_error_of_the_best_is_chosen() -> None:
    patients = pd.Series([f"P{number // 2}" for number in range(200)], index=_truth().index)
    close: dict[Strategy, Callable[[], pd.DataFrame]] = {
        Strategy.LINEAR: lambda: _answers(0.7, 1),
        Strategy.NONLINEAR: lambda: _answers(0.69, 2),
        Strategy.FINETUNE: lambda: _answers(0.1, 3),
    }
    ways = {way: make() for way, make in close.items()}
    trials = judge(_truth(), ways, patients, seed=0)
    assert [trial.chosen for trial in trials] == [False, False, True]
    known = _truth().notna().to_numpy()
    areas = [
        roc_auc_score(_truth().to_numpy()[known[:, c], c], ways[Strategy.LINEAR].to_numpy()[known[:, c], c])
        for c in range(3)
    ]
    assert trials[0].validation_auc == pytest.approx(np.mean(areas))
    del ways[Strategy.FINETUNE]
    assert [trial.chosen for trial in judge(_truth(), ways, patients, seed=0)] == [True, False]


def test_where_nothing_can_be_judged_the_simplest_way_goes_on() -> None:
    patients = pd.Series([f"P{number}" for number in range(200)], index=_truth().index)
    ways = {Strategy.LINEAR: _answers(1, 1), Strategy.FINETUNE: _answers(1, 2)}
    trials = judge(_truth() * 0, ways, patients, seed=0)
    assert [trial.chosen for trial in trials] == [True, False]
    assert all(np.isnan(trial.validation_auc) for trial in trials)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*is deprecated")
def test_heads_fitted_in_a_ray_worker_are_the_same(blobs: Path, base: Path, tmp_path: Path) -> None:
    linear = _HEADS.model_copy(update={"strategies": (Strategy.LINEAR,)})
    here = _adapt(blobs, base, tmp_path / "here", settings=linear)
    there = _adapt(blobs, base, tmp_path / "there", settings=linear.model_copy(update={"workers": 1}))
    assert here.trials == there.trials
    one, other = (_weights(result.model_dir) for result in (here, there))
    assert all(torch.equal(one[name], other[name]) for name in one)

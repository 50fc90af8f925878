"""Holds that a data-efficiency study learns each way from its own images alone; the demo's tests hold the command."""

from pathlib import Path

import numpy as np
import pytest

from components.catalog import Side
from components.datasets import sample
from components.errors import SnapshotError
from components.findings import Finding
from components.models import ModelConfig, StudyNet, load_model, save_model
from components.settings import Architecture, ModelSettings, Optimizer, TrainingSettings
from flows._learning import WAYS, Study, generic_model, learned_from
from flows.efficiency import image_counts
from tests.components.training.blob_snapshot import write_blobs

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1)
_TRAINING = TrainingSettings(
    epochs=1, batch_size=16, optimizer=Optimizer.ADAMW, learning_rate=0.002, workers=0, threads=1
)


@pytest.fixture
def study(tmp_path: Path) -> Study:
    save_model(StudyNet(_MODEL), tmp_path / "base")
    return Study(
        snapshot=write_blobs(tmp_path / "snapshot"),
        judged=Side.VALIDATION,
        base=tmp_path / "base",
        generic=generic_model(tmp_path / "base", ModelSettings(), tmp_path / "generic", seed=1),
        model=_MODEL,
        training=_TRAINING,
        folder=tmp_path,
        seed=1,
    )


def test_every_way_learns_a_plain_finding_and_scores_the_judged_studies(study: Study) -> None:
    truth = study.snapshot.truth(Side.VALIDATION)
    for way in WAYS:
        learned = learned_from(study, way, images=40, repeats=1)
        (scores,) = learned.scores
        assert (learned.strategy, learned.images) == (way.title, 40)
        assert list(scores.index) == list(truth.index)
        present = truth[Finding.EDEMA.value] == 1
        edema = scores[Finding.EDEMA.value]
        assert edema[present].mean() > edema[~present].mean(), way.title


def test_repeats_learn_from_other_images_and_the_same_repeat_gives_the_same(study: Study, tmp_path: Path) -> None:
    one, again = (learned_from(study, WAYS[0], images=20, repeats=2).scores for _ in range(2))
    assert not one[0].equals(one[1])
    assert one[0].equals(again[0])
    drawn = sample(study.snapshot, tmp_path / "few", images=20, seed=study.seed).manifest["image"]
    assert set(drawn) <= set(study.snapshot.rows(Side.TRAIN)["image"])


def test_generic_weights_are_not_the_base_models(study: Study) -> None:
    base, generic = (load_model(folder).state_dict() for folder in (study.base, study.generic))
    assert base.keys() == generic.keys()
    assert not np.allclose(base["solo.heads.0.1.weight"], generic["solo.heads.0.1.weight"])


def test_images_are_counted_threefold_up_to_all_of_them() -> None:
    assert image_counts(15) == (15,)
    assert image_counts(500) == (15, 45, 135, 405, 500)
    with pytest.raises(SnapshotError, match="Got 14"):
        image_counts(14)

"""A study's probability is the mean over its frontal images, whatever the batches."""

import numpy as np
import pandas as pd
import pytest

from components.catalog import Side
from components.datasets import Origin, write_snapshot
from components.evaluation import compare, predict
from components.findings import FINDINGS
from components.settings import GateSettings, SplitSettings, UncertainPolicy

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def model():
    from components.models import ModelConfig, StudyNet
    from components.settings import Architecture

    torch.set_num_threads(1)
    torch.manual_seed(0)
    return StudyNet(ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.0)).eval()


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory):
    """Four test studies: b has two frontal images, c also a lateral one, d is on the training side."""
    images = [("a", "PA"), ("b", "PA"), ("b", "AP"), ("c", "AP"), ("c", "LATERAL"), ("d", "PA"), ("e", "PA")]
    manifest = pd.DataFrame(
        {
            "row": range(len(images)),
            "image": [f"2.25.{n}" for n in range(len(images))],
            "study": [study for study, _ in images],
            "patient": [f"P{study}" for study, _ in images],
            "side": ["train" if study == "d" else "test" for study, _ in images],
            "view": [view for _, view in images],
            "source": "labeler",
        }
    )
    manifest["side"] = [(Side.TRAIN if study == "d" else Side.TEST).value for study, _ in images]
    for number, finding in enumerate(FINDINGS):
        manifest[f"label_{finding.value}"] = np.int8([(ord(study) + number) % 2 for study, _ in images])
        manifest[f"target_{finding.value}"] = np.float32(0)
        manifest[f"weight_{finding.value}"] = np.float32(1)
    pictures = np.random.default_rng(0).integers(0, 256, (len(images), 32, 32), dtype=np.uint8)
    origin = Origin(site="local", seed=0, split=SplitSettings(), uncertain=UncertainPolicy.SOFT, preprocessing="1")
    folder = tmp_path_factory.mktemp("snapshots") / "one"
    return write_snapshot(folder, manifest=manifest, pictures=[pictures], origin=origin)


def test_each_study_has_the_mean_of_its_frontal_images(model, snapshot):
    from components.models import prepare

    found = predict(model, snapshot, Side.TEST, batch_size=2)
    assert list(found.index) == ["a", "b", "c", "e"]
    assert list(found.columns) == [finding.value for finding in FINDINGS]
    with torch.inference_mode():
        each = model.probabilities(prepare(torch.from_numpy(snapshot.pixels[:]), 32)).numpy()
    np.testing.assert_allclose(found.loc["b"], each[1:3].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(found.loc["c"], each[3], atol=1e-6)
    np.testing.assert_allclose(predict(model, snapshot, Side.TEST, batch_size=64), found, atol=1e-6)


def test_a_study_with_both_views_is_judged_by_both(snapshot):
    from components.models import ModelConfig, StudyNet, prepare
    from components.settings import Architecture

    torch.manual_seed(1)
    config = ModelConfig(members=(Architecture.MOBILENETV2,), duo=True, image_size=32, dropout=0.0)
    model = StudyNet(config).eval()
    pictures = prepare(torch.from_numpy(snapshot.pixels[:]), 32)
    with torch.inference_mode():
        alone = model.probabilities(pictures).numpy()
        both = model.probabilities(pictures[3:4], pictures[4:5]).numpy()
    found = predict(model, snapshot, Side.TEST)
    np.testing.assert_allclose(found.loc["c"], both[0], atol=1e-6)
    np.testing.assert_allclose(found.loc["b"], alone[1:3].mean(axis=0), atol=1e-6)


def test_predictions_can_be_compared_with_the_snapshots_truth(model, snapshot):
    scores = predict(model, snapshot, Side.TEST)
    settings = GateSettings(bootstrap_draws=100, min_positives=1)
    found = compare(snapshot.truth(Side.TEST), scores, scores, settings=settings, seed=0)
    assert found.studies == 4
    assert found.overall.delta == 0


def test_progress_is_told_in_images_and_an_empty_side_is_empty(model, snapshot):
    told = []
    predict(model, snapshot, Side.TEST, batch_size=3, progress=lambda done, total: told.append((done, total)))
    assert told == [(3, 5), (5, 5)]
    assert predict(model, snapshot, Side.VALIDATION).shape == (0, 14)

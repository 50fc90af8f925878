"""Holds: the contrastive loss is the published one, and its training tells abnormal pictures from normal ones."""

import math
from pathlib import Path

import pandas as pd
import pytest
import torch
from blob_snapshot import write_blobs
from torch.nn import functional

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import TrainingError
from components.findings import FINDINGS
from components.models import ModelConfig, load_model, prepare
from components.settings import Architecture, AugmentationSettings, Objective, Optimizer, Schedule, TrainingSettings
from components.training import train
from components.training._data import abnormality
from components.training._loss import supervised_contrast

_MODEL = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.1, duo=True)
_SETTINGS = TrainingSettings(
    objective=Objective.CONTRAST,
    epochs=8,
    batch_size=16,
    learning_rate=0.002,
    optimizer=Optimizer.ADAMW,
    schedule=Schedule.COSINE,
    augmentation=AugmentationSettings(exposure=0.05),
    min_pairs=2,
    workers=0,
    threads=1,
)


def test_the_loss_is_that_of_a_plain_double_loop() -> None:
    points = functional.normalize(torch.randn(9, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(0)))
    classes = torch.tensor([0, 1, 0, 0, 1, 1, 0, 1, 2])  # the last has no positive
    anchors = []
    for i in range(9):
        positives = [p for p in range(9) if p != i and classes[p] == classes[i]]
        if positives:
            others = sum(math.exp(float(points[i] @ points[a]) / 0.2) for a in range(9) if a != i)
            terms = [-math.log(math.exp(float(points[i] @ points[p]) / 0.2) / others) for p in positives]
            anchors.append(sum(terms) / len(positives))
    expected = sum(anchors) / len(anchors)
    assert float(supervised_contrast(points, classes, temperature=0.2)) == pytest.approx(expected, rel=1e-5)


def test_points_without_any_positive_give_no_loss() -> None:
    points = functional.normalize(torch.randn(3, 4)).requires_grad_()
    loss = supervised_contrast(points, torch.arange(3), temperature=0.1)
    loss.backward()
    assert float(loss.detach()) == 0
    assert bool(points.grad.isfinite().all())


def test_a_report_is_abnormal_normal_or_unsure_as_a_whole() -> None:
    names = [f"label_{finding.value}" for finding in FINDINGS]
    said = {
        "a finding, another uncertain": ({"edema": 1, "fracture": -1, "no_finding": 0}, 1),
        "devices alone": ({"support_devices": 1, "no_finding": 1}, 0),
        "nothing at all": ({}, 0),
        "at most uncertain": ({"fracture": -1, "no_finding": 0}, -1),
        "no finding uncertain": ({"no_finding": -1}, -1),
        "something that has no name here": ({"no_finding": 0}, 1),
    }
    rows = [{f"label_{name}": code for name, code in codes.items()} for codes, _ in said.values()]
    frame = pd.DataFrame(rows, columns=names).fillna(-2).astype("int8")
    assert abnormality(frame).tolist() == [expected for _, expected in said.values()]


def test_abnormal_pictures_come_to_lie_apart_from_normal_ones(tmp_path: Path) -> None:
    blobs = write_blobs(tmp_path / "snapshot", laterals=40)
    result = train(
        blobs.folder, model=_MODEL, settings=_SETTINGS, base=None, folder=tmp_path / "run", run_name="run", seed=0
    )
    assert math.isnan(result.epochs[-1].validation_auc)
    assert result.epochs[-1].validation_loss < result.epochs[0].validation_loss
    model = load_model(result.model_dir)
    features, present = _features(blobs, result.model_dir)
    centres = [features[present == kind].mean(dim=0) for kind in (False, True)]
    nearer = (features - centres[1]).norm(dim=1) < (features - centres[0]).norm(dim=1)
    assert float((nearer == present).float().mean()) > 0.85
    assert model.duo is not None
    assert all(
        torch.equal(value, of_view.state_dict()[name])
        for of_view in (model.duo.frontal, model.duo.lateral)
        for name, value in model.solo.backbones.state_dict().items()
    )


def _features(blobs: Snapshot, folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Of the test patients' pictures, and what is present on them."""
    rows = blobs.rows(Side.TEST)
    inputs = prepare(torch.from_numpy(blobs.pixels[rows["row"].to_numpy()]), 32)
    with torch.inference_mode():
        features = load_model(folder).solo.features(inputs)[0]
    return features, torch.from_numpy(rows["label_edema"].to_numpy() == 1)


def test_normal_pictures_alone_teach_no_contrast(tmp_path: Path) -> None:
    blobs = write_blobs(tmp_path / "snapshot", images=20, rate=1)
    with pytest.raises(TrainingError, match="normal and abnormal"):
        train(
            blobs.folder, model=_MODEL, settings=_SETTINGS, base=None, folder=tmp_path / "run", run_name="run", seed=0
        )

"""Holds: a DuoNet is judged against SoloNet on the very studies that have two views, and leaves the model as it was."""

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from components.catalog import Side
from components.datasets import Snapshot
from components.evaluation import ViewsTrial, judge_views, predict
from components.models import ModelConfig, StudyNet
from components.settings import Architecture
from tests.components.training.blob_snapshot import write_blobs


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return write_blobs(tmp_path_factory.mktemp("views") / "snapshot", laterals=80)


def _model(*, duo: bool) -> StudyNet:
    torch.manual_seed(0)
    return StudyNet(ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0, duo=duo)).eval()


def test_both_are_judged_on_the_studies_with_a_lateral(snapshot: Snapshot) -> None:
    model = _model(duo=True)
    trial = judge_views(model, snapshot)
    assert trial is not None
    assert model.duo is not None
    cases = snapshot.cases(Side.VALIDATION)
    studies = cases.loc[cases["lateral"] >= 0, "study"].unique()
    truth, said = (
        table.loc[studies] for table in (snapshot.truth(Side.VALIDATION), predict(model, snapshot, Side.VALIDATION))
    )
    areas = [roc_auc_score(truth[name], said[name]) for name in truth if truth[name].nunique() == 2]
    assert trial.studies == len(studies) > 0
    assert trial.duo_auc == pytest.approx(np.mean(areas))
    assert trial.solo_auc != trial.duo_auc


def test_a_model_without_duonet_has_nothing_to_judge(snapshot: Snapshot) -> None:
    assert judge_views(_model(duo=False), snapshot) is None


@pytest.mark.parametrize(("solo", "duo", "kept"), [(0.8, 0.8, True), (0.8, 0.79, False), (np.nan, np.nan, False)])
def test_duonet_stays_where_it_is_no_worse(solo: float, duo: float, kept: bool) -> None:
    assert ViewsTrial(studies=5, solo_auc=solo, duo_auc=duo).duo_is_worth_it is kept

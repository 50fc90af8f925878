"""Comparing models' score files, also the real ones of the CheXpert test set."""

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from pairwise_delong import brute_force

from components.errors import ConfigurationError, ModelError, StorageError
from components.evaluation import compare_files, details, paired_areas
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=300)
MODELS = ("desmond", "drnet", "hieupham", "jfaboy", "ngango2")


@pytest.mark.parametrize(("a", "b"), list(itertools.combinations(MODELS, 2))[::3])
def test_real_scores_give_the_pairwise_figures(shared_data, a, b):
    files = [shared_data / "stats" / f"chexpert_test_{name}.csv" for name in ("truth", a, b)]
    found = compare_files(*files, settings=SETTINGS, seed=0)
    assert [label.label for label in found.labels] == [
        "Cardiomegaly",
        "Edema",
        "Consolidation",
        "Atelectasis",
        "Pleural Effusion",
    ]
    truth, scores_a, scores_b = (pd.read_csv(file, index_col=0) for file in files)
    for label in found.labels:
        columns = (
            truth[label.label] == 1,
            scores_a.loc[truth.index, label.label],
            scores_b.loc[truth.index, label.label],
        )
        arrays = [column.to_numpy() for column in columns]
        aucs, variances, z, p = brute_force(*arrays)
        assert (label.auc_a, label.auc_b) == pytest.approx(aucs, abs=1e-10)
        pair = paired_areas(*arrays)
        assert (pair.a.variance, pair.b.variance) == pytest.approx(variances, rel=1e-10, abs=0)
        assert (label.delong_z, label.delong_p) == pytest.approx((z, p), abs=1e-10)


def test_readers_binary_scores_are_compared_and_rare_labels_not_judged(shared_data):
    files = [
        shared_data / "stats" / f"chexpert_test_{name}.csv" for name in ("truth", "radiologist_bc4", "radiologist_bc6")
    ]
    found = {label.label: label for label in compare_files(*files, settings=SETTINGS, seed=0).labels}
    assert len(found) == 14
    assert found["Pneumothorax"].positives == 9
    assert found["Pneumothorax"].verdict == "too few positives"
    assert found["Cardiomegaly"].judged


def test_scores_above_one_are_compared_and_only_their_calibration_is_undefined(shared_data):
    files = [shared_data / "stats" / f"chexpert_test_{name}.csv" for name in ("truth", "jfaboy", "ngango2")]
    found = compare_files(*files, settings=SETTINGS, seed=0)
    assert pd.read_csv(files[2])["Atelectasis"].max() > 1
    assert all(label.judged and label.reason is None for label in found.labels)
    assert "B: 340 of 500 studies have a score outside 0..1" in found.calibration.reason


def test_readers_files_and_groups_of_the_truth(shared_data, tmp_path):
    folder = shared_data / "stats"
    truth = pd.read_csv(folder / "chexpert_test_truth.csv", dtype={0: str})
    truth["sex"] = np.where(np.arange(len(truth)) % 2, "F", "M")
    truth.to_csv(tmp_path / "truth.csv", index=False)
    models = [folder / f"chexpert_test_{name}.csv" for name in ("jfaboy", "hieupham")]
    readers = [folder / f"chexpert_test_radiologist_{name}.csv" for name in ("bc4", "bc6")]
    found = compare_files(tmp_path / "truth.csv", *models, groups=["sex"], readers=readers, settings=SETTINGS, seed=0)
    assert [part.group for part in found.subgroups] == ["F", "M"]
    assert sum(part.studies for part in found.subgroups) == 500
    assert [one.reader for one in found.readers[:3]] == ["reader 1", "reader 2", None]
    written_out = json.loads(json.dumps(details(found), allow_nan=False))
    assert written_out["readers"][0]["sensitivity"] == found.readers[0].sensitivity
    assert written_out["readers"][0]["noninferior"] is found.readers[0].noninferior
    assert written_out["subgroups"][0]["delta_ci"] == list(found.subgroups[0].delta_ci)
    assert written_out["calibration"]["a"]["labels"][0]["brier"] == found.calibration.a.labels[0].brier
    with pytest.raises(ConfigurationError, match="lacks 1 of 2 group columns"):
        compare_files(tmp_path / "truth.csv", *models, groups=["sex", "view"], settings=SETTINGS, seed=0)


def written(folder, **tables):
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv")
    return [folder / f"{name}.csv" for name in ("truth", "a", "b")]


def tables():
    random = np.random.default_rng(0)
    index = pd.Index([f"{n:03d}" for n in range(80)], name="study")
    truth = pd.DataFrame({"edema": random.integers(0, 2, 80), "who": [f"P{n // 2}" for n in range(80)]}, index=index)
    scores = [pd.DataFrame({"edema": random.random(80), "other": 1.0}, index=index) for _ in range(2)]
    return {"truth": truth, "a": scores[0], "b": scores[1]}


def test_the_patients_column_is_no_label_and_uncertain_is_not_judged(tmp_path):
    invented = tables()
    invented["truth"].loc[["000", "005"], "edema"] = -1
    found = compare_files(*written(tmp_path, **invented), patients="who", settings=SETTINGS, seed=0)
    assert [(label.label, label.n) for label in found.labels] == [("edema", 78)]
    assert (found.studies, found.patients) == (80, 40)


def test_files_that_do_not_fit_are_refused_in_one_sentence(tmp_path):
    files = written(tmp_path, **tables())
    with pytest.raises(StorageError, match="file of A cannot be read"):
        compare_files(files[0], tmp_path / "none.csv", files[2], settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="patients' column"):
        compare_files(*files, patients="nobody", settings=SETTINGS, seed=0)
    pd.read_csv(files[2]).rename(columns={"edema": "Edema"}).to_csv(files[2], index=False)
    with pytest.raises(ConfigurationError, match="no label column in common"):
        compare_files(*files, settings=SETTINGS, seed=0)
    files[1].write_bytes(b"")
    with pytest.raises(ConfigurationError, match="not a CSV table"):
        compare_files(*files, settings=SETTINGS, seed=0)
    files = written(tmp_path, **{**tables(), "b": tables()["b"].iloc[3:]})
    with pytest.raises(ModelError, match="lack 3 of 80"):
        compare_files(*files, settings=SETTINGS, seed=0)

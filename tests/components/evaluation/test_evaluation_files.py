"""Comparing models' score files, also the real ones of the CheXpert test set."""

import itertools

import numpy as np
import pandas as pd
import pytest
from pairwise_delong import brute_force

from components.errors import ConfigurationError, ModelError, StorageError
from components.evaluation import compare_files
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
        aucs, _, z, p = brute_force(*(column.to_numpy() for column in columns))
        assert (label.auc_a, label.auc_b) == pytest.approx(aucs, abs=1e-10)
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

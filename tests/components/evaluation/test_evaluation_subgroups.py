"""Each group is compared on its own studies alone, and says so where they are too few."""

import math

import numpy as np
import pandas as pd
import pytest

from components.errors import ConfigurationError
from components.evaluation import assess, compare, subgroup_frame
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=300)


def manifest():
    """Six images of five studies, as a snapshot lists them."""
    rows = [
        ("S1", "PA", "F", 17, "Acme", "labeler"),
        ("S1", "AP", "F", 17, "Acme", "labeler"),
        ("S2", "PA", "M", 18, "Acme", "reader"),
        ("S3", "AP", None, 90, "", "consensus"),
        ("S4", "PA", "M", None, "Bolt", "labeler"),
        ("S0", "PA", "F", 59, "Bolt", "labeler"),
    ]
    return pd.DataFrame(rows, columns=["study", "view", "sex", "age", "manufacturer", "source"])


def test_studies_are_grouped_by_what_the_catalog_knows():
    frame = subgroup_frame(manifest())
    assert list(frame.index) == ["S0", "S1", "S2", "S3", "S4"]
    assert list(frame.columns) == ["sex", "age_band", "view", "manufacturer", "label_source"]
    assert frame["sex"].tolist() == ["F", "F", "M", "not stated", "M"]
    assert frame["age_band"].tolist() == ["40 to 59", "under 18", "18 to 39", "80 and over", "not stated"]
    assert frame["view"].tolist() == ["PA", "AP, PA", "PA", "AP", "PA"]
    assert frame["manufacturer"].tolist() == ["Bolt", "Acme", "Acme", "not stated", "Bolt"]
    assert frame["label_source"].tolist() == ["report", "report", "reader", "reader", "report"]
    beds = manifest().assign(patient_class=["I", "I", "O", "O", None, "E"])
    assert subgroup_frame(beds)["patient_class"].tolist() == ["E", "I", "O", "O", "not stated"]
    assert "patient_class" not in subgroup_frame(manifest().assign(patient_class=None))


def invented(studies=400, *, seed=0):
    """Model B is better for men and worse for women; edema is the common label, fracture the rare one."""
    random = np.random.default_rng(seed)
    index = pd.Index([f"2.25.{n}" for n in random.permutation(studies)], name="study")
    men = np.arange(studies) % 2 == 0
    truth = random.random((studies, 2)) < (0.4, 0.04)
    noise = random.normal(size=(studies, 2))
    a = 1.2 * truth + noise
    b = np.where(men[:, None], 2.0, 0.5) * truth + 0.8 * noise + 0.6 * random.normal(size=(studies, 2))
    names = ["edema", "fracture"]
    tables = (pd.DataFrame(values.astype(float), index=index, columns=names) for values in (truth, a, b))
    few = np.arange(studies) < 12
    groups = pd.DataFrame(
        {"sex": np.where(men, "M", "F"), "manufacturer": np.where(few, "Rare", "Acme")}, index=index, dtype=object
    )
    return *tables, groups


def test_a_group_is_compared_as_if_it_were_alone():
    truth, a, b, groups = invented()
    found = {part.group: part for part in compare(truth, a, b, groups=groups, settings=SETTINGS, seed=0).subgroups}
    assert list(found) == ["F", "M", "Acme", "Rare"]
    assert found["M"].delta_ci.low > 0 > found["F"].delta_ci.high
    women = groups.index[groups["sex"] == "F"]
    alone = compare(truth.loc[women], a, b, settings=SETTINGS, seed=0).overall
    same = ("judged_labels", "mean_auc_a", "mean_auc_b", "delta", "delta_ci")
    assert [getattr(found["F"], name) for name in same] == [pytest.approx(getattr(alone, name)) for name in same]


def test_the_smallest_numbers_are_shown_and_too_few_is_said():
    truth, a, b, groups = invented()
    found = {part.group: part for part in compare(truth, a, b, groups=groups, settings=SETTINGS, seed=0).subgroups}
    men = truth[groups["sex"] == "M"]
    assert (found["M"].studies, found["M"].patients, found["M"].judged_labels) == (200, 200, 1)
    assert found["M"].fewest == min(men["edema"].sum(), (1 - men["edema"]).sum())
    rare = found["Rare"]
    assert (rare.studies, rare.judged_labels, rare.fewest) == (12, 0, 0)
    assert rare.reason == "too few: no label has 10 positives and negatives here"
    assert all(math.isnan(value) for value in (rare.mean_auc_a, rare.delta, *rare.delta_ci))


def test_one_model_alone_has_subgroups_too_and_patients_stay_together():
    truth, a, b, groups = invented()
    patients = pd.Series([f"P{n // 4}" for n in range(400)], index=truth.index)
    alone = assess(truth, a, patients=patients, groups=groups, settings=SETTINGS, seed=0).subgroups
    both = compare(truth, a, b, patients=patients, groups=groups, settings=SETTINGS, seed=0).subgroups
    assert [(part.group, part.patients, part.fewest) for part in alone] == [
        (part.group, part.patients, part.fewest) for part in both
    ]
    assert [part.mean_auc for part in alone] == pytest.approx([part.mean_auc_a for part in both], nan_ok=True)
    assert alone[0].mean_auc_ci.low < alone[0].mean_auc < alone[0].mean_auc_ci.high
    assert both[0].patients == 100


def test_groups_that_do_not_fit_are_refused():
    truth, a, b, groups = invented()
    with pytest.raises(ConfigurationError, match="5 of 400 studies have no row"):
        compare(truth, a, b, groups=groups.iloc[5:], settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="grouped by sex, age_band"):
        compare(truth, a, b, groups=groups.rename(columns={"sex": "gender"}), settings=SETTINGS, seed=0)

"""What compare says of two models, what it refuses, and that order does not matter."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import average_precision_score

from components.errors import ConfigurationError, ModelError
from components.evaluation import LabelVerdict, assess, compare
from components.evaluation._bootstrap import mean_auc_draws, patient_weights, strata_of
from components.findings import FINDINGS
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=400)
LABEL_KEYS = (
    "label n positives auc_a auc_a_ci auc_b auc_b_ci delta delta_ci delong_z delong_p holm_p verdict reason".split()
)
OVERALL_KEYS = ["mean_auc_a", "mean_auc_b", "delta", "delta_ci", "wilcoxon_p"]


def invented(studies=300, *, gain=0.5, seed=1, prevalence=0.3):
    """Truth and two models' scores for 14 labels; model B sees `gain` more of each finding."""
    random = np.random.default_rng(seed)
    columns = [finding.value for finding in FINDINGS]
    index = pd.Index([f"2.25.{n}" for n in random.permutation(studies)], name="study")
    truth = (random.random((studies, 14)) < prevalence).astype(float)
    noise = random.normal(size=(studies, 14))
    a, b = (
        (1 + more) * truth + 0.8 * noise + 0.6 * random.normal(size=(studies, 14)) for more in (0.0, gain)
    )  # fmt: skip
    return tuple(pd.DataFrame(values, index=index, columns=columns) for values in (truth, a, b))


def test_a_better_model_is_called_better_and_mirrored_it_is_worse():
    truth, a, b = invented(gain=0.9)
    found = compare(truth, a, b, settings=SETTINGS, seed=0)
    assert found.overall.delta_ci.low > 0
    assert found.overall.bootstrap_p < 0.05
    assert found.overall.wilcoxon_p < 0.05
    assert LabelVerdict.BETTER in [label.verdict for label in found.labels]
    mirrored = compare(truth, b, a, settings=SETTINGS, seed=0)
    assert mirrored.overall.delta == pytest.approx(-found.overall.delta)
    assert mirrored.overall.delta_ci == pytest.approx((-found.overall.delta_ci.high, -found.overall.delta_ci.low))
    assert LabelVerdict.WORSE in [label.verdict for label in mirrored.labels]
    for label in found.labels:
        assert (label.verdict is LabelVerdict.NO_DIFFERENCE) == (label.holm_p >= 0.05)
        assert (label.delta_ci.low > 0 or label.delta_ci.high < 0) == (label.delong_p < 0.05)


def test_no_worse_by_a_margin_is_told_with_its_p():
    truth, a, b = invented(gain=0.9)
    found = compare(truth, a, b, settings=SETTINGS, seed=0)
    assert found.noninferior
    assert found.overall.noninferiority_p == pytest.approx(1 / 401)  # no draw of 400 is beyond the margin
    worse = compare(truth, b, a, settings=SETTINGS, seed=0)
    assert not worse.noninferior
    assert worse.overall.noninferiority_p == 1
    for label in worse.labels:
        assert (label.noninferiority_p < 0.025) == (label.delta_ci.low > -SETTINGS.noninferiority_margin)
    same = compare(truth, a, a, settings=SETTINGS, seed=0)
    assert {label.noninferiority_p for label in same.labels} == {0}
    nothing = compare(truth * 0, a, b, settings=SETTINGS, seed=0)
    assert not nothing.noninferior
    assert math.isnan(nothing.overall.noninferiority_p)


def test_auprc_and_calibration_are_metrics_beside_auc():
    truth, a, b = invented()
    a, b = (table.rank(pct=True) for table in (a, b))
    both, alone = compare(truth, a, b, settings=SETTINGS, seed=0), assess(truth, b, settings=SETTINGS, seed=0)
    edema = next(label for label in both.labels if label.label == "edema")
    assert edema.auprc_b == pytest.approx(average_precision_score(truth["edema"], b["edema"]))
    assert edema.auprc_b_ci.low < edema.auprc_b < edema.auprc_b_ci.high
    same = {"mean_auc", "brier", "ece", "auc/edema", "auprc/edema"}
    assert same <= both.metrics.keys()
    assert {name: both.metrics[name] for name in alone.metrics} == alone.metrics


def test_identical_models_differ_nowhere():
    truth, a, _ = invented()
    found = compare(truth, a, a, settings=SETTINGS, seed=0)
    assert {(label.delta, label.delong_p, label.holm_p) for label in found.labels} == {(0, 1, 1)}
    assert (found.overall.delta, found.overall.delta_ci) == (0, (0, 0))
    assert (found.overall.bootstrap_p, found.overall.wilcoxon_p) == (1, 1)


def test_the_order_of_studies_and_columns_changes_nothing():
    truth, a, b = invented()
    shuffled = compare(
        truth.sample(frac=1, random_state=1),
        a.sample(frac=1, random_state=2)[list(reversed(a.columns))],
        pd.concat([b, b.rename(index=lambda study: study + ".9")]),
        settings=SETTINGS,
        seed=0,
    )
    assert shuffled == compare(truth, a, b, settings=SETTINGS, seed=0)
    assert compare(truth, a, b, settings=SETTINGS, seed=1).overall.delta_ci != shuffled.overall.delta_ci


def test_the_json_has_exactly_the_keys_of_the_design():
    truth, a, b = invented()
    truth["fracture"] = 0.0
    truth.loc[truth.index[:296], "lung_lesion"] = 0.0
    truth.loc[truth.index[:20], "edema"] = np.nan
    document = json.loads(json.dumps(compare(truth, a, b, settings=SETTINGS, seed=0).to_json(), allow_nan=False))
    assert list(document) == ["labels", "overall"]
    assert [list(label) for label in document["labels"]] == [LABEL_KEYS] * 14
    assert list(document["overall"]) == OVERALL_KEYS
    labels = {label["label"]: label for label in document["labels"]}
    assert list(labels) == [finding.value for finding in FINDINGS]
    fracture = labels["fracture"]
    assert fracture["verdict"] == "too few positives"
    assert "only one class: 0 positives, 300 negatives" in fracture["reason"]
    figures = ("auc_a", "auc_a_ci", "auc_b", "auc_b_ci", "delta", "delta_ci", "delong_z", "delong_p", "holm_p")
    assert [fracture[figure] for figure in figures] == [None] * 9
    assert labels["lung_lesion"]["verdict"] == "too few positives"
    assert labels["edema"]["n"] == 280
    assert labels["edema"]["reason"] is None


def test_the_mean_is_over_judged_labels_and_undefined_without_any():
    truth, a, b = invented()
    truth["fracture"] = 0.0
    found = compare(truth, a, b, settings=SETTINGS, seed=0)
    judged = [label for label in found.labels if label.judged]
    assert found.overall.judged_labels == len(judged) == 13
    assert found.overall.mean_auc_b == pytest.approx(np.mean([label.auc_b for label in judged]))
    nothing = compare(truth * 0, a, b, settings=SETTINGS, seed=0)
    assert math.isnan(nothing.overall.delta)
    assert nothing.to_json()["overall"]["mean_auc_a"] is None
    assert "nothing is judged" in nothing.to_json()["overall"]["reason"]


def test_scores_that_cannot_be_compared_are_refused_with_the_count():
    truth, a, b = invented()
    unsure = a.copy()
    unsure.iloc[[3, 5], 2] = np.nan
    with pytest.raises(ModelError, match="model A are not a finite number in 2 of 300 studies"):
        compare(truth, unsure, b, settings=SETTINGS, seed=0)
    with pytest.raises(ModelError, match="model B lack 7 of 300 judged studies") as refused:
        compare(truth, a, b.iloc[7:], settings=SETTINGS, seed=0)
    assert "2.25." not in str(refused.value)
    with pytest.raises(ModelError, match="lack 1 of 14 labels"):
        compare(truth, a, b.drop(columns="edema"), settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="name 1 studies more than once"):
        compare(truth, pd.concat([a, a.iloc[:1]]), b, settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="1, 0 or empty"):
        compare(truth * 2, a, b, settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="no study"):
        compare(truth.iloc[:0], a, b, settings=SETTINGS, seed=0)
    with pytest.raises(ConfigurationError, match="must be numbers"):
        compare(truth, a.astype(object).replace(a.iloc[0, 0], "high"), b, settings=SETTINGS, seed=0)


def test_the_patient_of_every_study_must_be_known():
    truth, a, b = invented()
    patients = pd.Series([f"P{n // 2}" for n in range(300)], index=truth.index)
    found = compare(truth, a, b, patients=patients, settings=SETTINGS, seed=0)
    assert (found.studies, found.patients) == (300, 150)
    with pytest.raises(ConfigurationError, match="patient of 4 of 300 studies"):
        compare(truth, a, b, patients=patients.iloc[4:], settings=SETTINGS, seed=0)


def weighted_auc(truth, scores, weights):
    """By every pair: the pair's weight is the product of its cases' weights."""
    positive, negative = truth == 1, truth == 0
    wins = (scores[positive][:, None] > scores[negative]) + 0.5 * (scores[positive][:, None] == scores[negative])
    of_pairs = np.outer(weights[positive], weights[negative])
    return (wins * of_pairs).sum() / of_pairs.sum()


def test_a_draw_is_the_auc_of_the_patients_drawn_pair_by_pair():
    random = np.random.default_rng(3)
    patients = np.unique(np.sort(random.integers(0, 40, 100)), return_inverse=True)[1]
    truths = [(random.random(100) < share).astype(float) for share in (0.3, 0.7)]
    truths[0][:5] = np.nan
    scores = [[np.round(random.random(100) + truth, 1) for truth in truths] for _ in range(2)]
    for model in scores:
        model[0][:5] = 0.5
    strata = strata_of(np.stack(truths, axis=1), patients)
    found = mean_auc_draws(truths, scores, patients=patients, strata=strata, draws=50, seed=5)
    weights = next(patient_weights(strata, draws=50, seed=5, at_once=50))[patients]
    for draw in (0, 17, 49):
        for model in (0, 1):
            aucs = [weighted_auc(*pair, weights[:, draw]) for pair in zip(truths, scores[model], strict=True)]
            assert found[draw, model] == pytest.approx(np.mean(aucs), abs=1e-12)


def test_strata_keep_rare_findings_in_every_draw_and_the_spread_of_a_mean():
    truth = np.zeros((400, 3))
    truth[:12, 0], truth[5:25, 1], truth[:300, 2] = 1, 1, 1
    strata = strata_of(truth, np.arange(400))
    assert np.bincount(strata).tolist() == [12, 13, 0, 375]
    values = np.random.default_rng(0).normal(size=400)
    weights = np.concatenate(list(patient_weights(strata, draws=4000, seed=1, at_once=1500)), axis=1)
    assert weights.shape == (400, 4000)
    for stratum in (0, 1, 3):
        inside = strata == stratum
        size = inside.sum()
        assert weights[inside].sum(axis=0) == pytest.approx(size)
        assert (values[inside] @ weights[inside] / size).var() == pytest.approx(
            values[inside].var(ddof=1) / size, rel=0.12
        )


def test_a_patient_alone_in_its_stratum_joins_the_others():
    truth = np.zeros((60, 2))
    truth[0, 0], truth[1:9, 1] = 1, 1
    assert np.bincount(strata_of(truth, np.arange(60)), minlength=3).tolist() == [0, 8, 52]


def test_draws_that_lose_a_class_are_left_out_and_too_few_give_no_interval():
    random = np.random.default_rng(4)
    truth = np.zeros(60)
    truth[0] = 1
    draws = mean_auc_draws(
        [truth], [[random.random(60)]], patients=np.arange(60), strata=np.zeros(60, int), draws=500, seed=0
    )
    assert 0.55 < len(draws) / 500 < 0.7  # 1 - 1/e
    assert not np.isnan(draws).any()


def test_one_model_alone_is_assessed():
    truth, a, _ = invented()
    truth["fracture"] = 0.0
    found = assess(truth, a, settings=SETTINGS, seed=0)
    assert found.judged_labels == 13
    assert found.mean_auc_ci.low < found.mean_auc < found.mean_auc_ci.high
    assert [label.auc for label in found.labels if label.judged] == [
        label.auc_a for label in compare(truth, a, a, settings=SETTINGS, seed=0).labels if label.judged
    ]


def test_two_thousand_draws_take_seconds_at_most():
    truth, a, b = invented(studies=500)
    started = time.perf_counter()
    compare(truth, a, b, settings=GateSettings(bootstrap_draws=2000), seed=0)
    assert time.perf_counter() - started < 5

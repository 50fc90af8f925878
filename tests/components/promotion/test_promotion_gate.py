"""The gate promotes what is better, and refuses what is equal, worse, harmful to one label, or unproven."""

import json

import numpy as np
import pandas as pd
import pytest

from components.evaluation import assess, compare
from components.findings import FINDINGS, Finding
from components.promotion import ClauseName, Decision, decide, decide_first
from components.settings import GateSettings

SETTINGS = GateSettings(bootstrap_draws=400)
COLUMNS = [finding.value for finding in FINDINGS]


def tables(*, gain, seed=0, studies=400):
    """Truth and two models' scores; `gain` (one number, or one a finding) is what model B sees more."""
    random = np.random.default_rng(seed)
    truth = (random.random((studies, 14)) < 0.25).astype(float)
    shared = 0.8 * random.normal(size=(studies, 14))
    a, b = ((1.2 + np.asarray(more)) * truth + shared + 0.6 * random.normal(size=(studies, 14)) for more in (0.0, gain))
    return tuple(pd.DataFrame(values, columns=COLUMNS) for values in (truth, a, b))


def verdict(*, gain, seed=0, checks_passed=True, settings=SETTINGS):
    comparison = compare(*tables(gain=gain, seed=seed), settings=settings, seed=seed)
    return decide(comparison, settings, checks_passed=checks_passed)


def failed(found):
    return {clause.name for clause in found.clauses if not clause.passed}


def test_a_truly_better_candidate_is_promoted_with_its_figures():
    found = verdict(gain=0.25)
    assert found.decision is Decision.PROMOTE
    assert found.sentence.startswith("On 400 locked patients the mean AUC over 14 labels rose from 0.")
    assert "95 % interval +0." in found.sentence
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["decision"] == "promote"


def test_an_equal_candidate_is_hardly_ever_promoted():
    quick = GateSettings(bootstrap_draws=200)
    promoted = sum(verdict(gain=0.0, seed=seed, settings=quick).promoted for seed in range(40))
    assert promoted <= 4  # 2.5 % of 40 is 1


def test_the_same_model_again_is_refused():
    truth, a, _ = tables(gain=0)
    found = decide(compare(truth, a, a, settings=SETTINGS, seed=0), SETTINGS, checks_passed=True)
    assert found.decision is Decision.REFUSE
    assert failed(found) == {ClauseName.MEAN_AUC_HIGHER}
    assert "p = 1.000" in found.sentence


def test_better_on_average_but_worse_on_pneumothorax_is_refused_by_name():
    gain = np.full(14, 0.4)
    gain[FINDINGS.index(Finding.PNEUMOTHORAX)] = -0.6
    found = verdict(gain=gain)
    assert failed(found) == {ClauseName.NO_LABEL_WORSE}
    assert "Pneumothorax −0." in found.sentence
    lenient = GateSettings(bootstrap_draws=400, max_label_loss=0.5)
    assert verdict(gain=gain, settings=lenient).promoted


def test_a_candidate_trained_on_shuffled_labels_is_refused():
    truth, a, _ = tables(gain=0)
    noise = pd.DataFrame(np.random.default_rng(1).random(truth.shape), columns=COLUMNS)
    found = decide(compare(truth, a, noise, settings=SETTINGS, seed=0), SETTINGS, checks_passed=True)
    assert {ClauseName.MEAN_AUC_HIGHER, ClauseName.NO_LABEL_WORSE} <= failed(found)


def test_a_loss_that_no_test_can_weigh_is_a_loss():
    """From a perfect champion to constant scores every case changes alike: DeLong has no variance to test with."""
    truth, a, b = tables(gain=0.5)
    a["fracture"], b["fracture"] = truth["fracture"], 0.0
    found = decide(compare(truth, a, b, settings=SETTINGS, seed=0), SETTINGS, checks_passed=True)
    assert ClauseName.NO_LABEL_WORSE in failed(found)
    assert "Fracture −0.500 (no test possible)" in found.sentence


def test_failed_data_checks_and_no_judged_label_refuse():
    assert failed(verdict(gain=0.4, checks_passed=False)) == {ClauseName.DATA_CHECKS}
    rare = GateSettings(bootstrap_draws=400, min_positives=300)
    found = verdict(gain=0.4, settings=rare)
    assert failed(found) == {ClauseName.LABELS_JUDGED, ClauseName.MEAN_AUC_HIGHER}
    assert "0 of 14 labels have at least 300 positives" in found.sentence
    json.dumps(found.to_json(), allow_nan=False)


@pytest.mark.parametrize(("useful", "promoted"), [(True, True), (False, False)])
def test_a_sites_first_model_must_beat_chance(useful, promoted):
    truth, a, _ = tables(gain=0)
    scores = a if useful else pd.DataFrame(np.random.default_rng(2).random(truth.shape), columns=COLUMNS)
    found = decide_first(assess(truth, scores, settings=SETTINGS, seed=0), checks_passed=True)
    assert found.promoted is promoted
    assert ("not shown to be above chance" in found.sentence) is not promoted
    assert not decide_first(assess(truth, a, settings=SETTINGS, seed=0), checks_passed=False).promoted

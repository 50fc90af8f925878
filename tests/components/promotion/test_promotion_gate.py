"""The gate promotes what is better, and refuses what is equal, worse, harmful to somebody, or unproven."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from components.evaluation import CalibrationComparison, Interval, Reliability, SubgroupComparison, assess, compare
from components.findings import FINDINGS, Finding
from components.promotion import ClauseName, Decision, Look, decide, decide_first
from components.settings import Attribute, GateSettings, LabelPolicy

SETTINGS = GateSettings(bootstrap_draws=600)
LOOK = Look(site="local", patients=400, round=1, number=3, looks=10, level=0.005, chance=0.0075)
COLUMNS = [finding.value for finding in FINDINGS]
NAN = float("nan")


def tables(*, gain, seed=0, studies=400):
    """Truth and two models' probabilities; `gain` (one number, or one a finding) is what model B sees more."""
    random = np.random.default_rng(seed)
    truth = (random.random((studies, 14)) < 0.25).astype(float)
    shared = 0.8 * random.normal(size=(studies, 14))
    a, b = ((1.2 + np.asarray(more)) * truth + shared + 0.6 * random.normal(size=(studies, 14)) for more in (0.0, gain))
    return tuple(pd.DataFrame(values, columns=COLUMNS) for values in (truth, expit(a - 1.8), expit(b - 1.8)))


def compared(*, gain, seed=0, settings=SETTINGS, studies=400):
    return compare(*tables(gain=gain, seed=seed, studies=studies), settings=settings, seed=seed)


def verdict(*, gain, seed=0, checks_passed=True, settings=SETTINGS, studies=400):
    found = compared(gain=gain, seed=seed, settings=settings, studies=studies)
    return decide(found, settings, look=LOOK, checks_passed=checks_passed)


def failed(found):
    return {clause.name for clause in found.clauses if not clause.passed}


def clause(found, name):
    return next(each for each in found.clauses if each.name is name)


def test_a_candidate_better_by_three_hundredths_is_promoted_with_its_figures():
    found = compared(gain=0.15, studies=2000)
    assert 0.02 < found.overall.delta < 0.04
    given = decide(found, SETTINGS, look=LOOK, checks_passed=True)
    assert given.decision is Decision.PROMOTE, given.sentence
    assert given.sentence.startswith("On 2,000 locked patients the mean AUC over 14 labels rose from 0.")
    assert "95 % interval +0." in given.sentence
    assert json.loads(json.dumps(given.to_json(), allow_nan=False))["decision"] == "promote"
    assert {each.name for each in given.clauses} == {
        ClauseName.LABELS_JUDGED,
        ClauseName.MEAN_AUC_HIGHER,
        ClauseName.NO_LABEL_WORSE,
        ClauseName.NO_SUBGROUP_WORSE,
        ClauseName.CALIBRATION_KEPT,
        ClauseName.DATA_CHECKS,
        ClauseName.LOOKS,
    }


def test_an_equal_candidate_is_hardly_ever_promoted():
    """At level .05, as if one look were granted, 2.5 % of 40 are 1; benchmarks/gate.py counts in thousands."""
    quick, only = GateSettings(bootstrap_draws=200, looks=1), replace(LOOK, looks=1, level=0.05)
    passed = sum(
        decide(compared(gain=0.0, seed=seed, settings=quick), quick, look=only, checks_passed=True).promoted
        for seed in range(40)
    )
    assert passed <= 4


def test_the_same_model_again_is_refused():
    truth, a, _ = tables(gain=0)
    found = decide(compare(truth, a, a, settings=SETTINGS, seed=0), SETTINGS, look=LOOK, checks_passed=True)
    assert found.decision is Decision.REFUSE
    assert failed(found) == {ClauseName.MEAN_AUC_HIGHER}
    assert "p = 1.000" in found.sentence


def test_the_level_of_the_look_decides_and_few_draws_are_told():
    better = compared(gain=0.4)
    found = replace(better, overall=replace(better.overall, delta_ci=Interval(0.001, 0.03), bootstrap_p=0.02))
    p = found.overall.bootstrap_p
    for level, promoted in ((p * 1.01, True), (p * 0.99, False)):
        given = decide(found, SETTINGS, look=replace(LOOK, level=level), checks_passed=True)
        assert clause(given, ClauseName.MEAN_AUC_HIGHER).passed is promoted
        assert f"{level:.4g}" in clause(given, ClauseName.LOOKS).sentence
    given = decide(found, SETTINGS, look=replace(LOOK, level=0.0001), checks_passed=True)
    assert "600 draws are too few to show anything at level 0.0001" in given.sentence


def test_better_on_average_but_worse_on_pneumothorax_is_refused_by_name():
    gain = np.full(14, 0.4)
    gain[FINDINGS.index(Finding.PNEUMOTHORAX)] = -0.6
    found = verdict(gain=gain)
    assert failed(found) == {ClauseName.NO_LABEL_WORSE}
    assert "Pneumothorax −0." in found.sentence
    lenient = GateSettings(bootstrap_draws=600, max_label_loss=0.5)
    assert verdict(gain=gain, settings=lenient).promoted


def group(**changes):
    """Women of whom 80 were judged; model B loses .08 in them, by its interval not by chance."""
    found = {
        "attribute": Attribute.SEX, "group": "F", "studies": 90, "patients": 80, "judged_labels": 5, "fewest": 12,
        "mean_auc_a": 0.8, "mean_auc_b": 0.72, "delta": -0.08, "delta_ci": Interval(-0.12, -0.03), "reason": None,
    }  # fmt: skip
    return SubgroupComparison(**found | changes)


def test_a_subgroup_that_is_harmed_refuses_and_is_named():
    better = compared(gain=0.4)
    few = group(group="M", delta=NAN, delta_ci=Interval(NAN, NAN), reason="too few")
    harmed = replace(better, subgroups=(few, group()))
    found = decide(harmed, SETTINGS, look=LOOK, checks_passed=True)
    assert failed(found) == {ClauseName.NO_SUBGROUP_WORSE}
    assert "sex F −0.080 on 80 patients (interval −0.120 to −0.030, allowed −0.050)" in found.sentence
    for harmless in (group(delta_ci=Interval(-0.17, 0.01)), group(delta=-0.04)):
        assert decide(replace(better, subgroups=(harmless,)), SETTINGS, look=LOOK, checks_passed=True).promoted
    strict = GateSettings(bootstrap_draws=600, subgroup_margins={Attribute.SEX: 0.03})
    closer = replace(better, subgroups=(group(delta=-0.04),))
    assert failed(decide(closer, strict, look=LOOK, checks_passed=True)) == {ClauseName.NO_SUBGROUP_WORSE}
    unweighed = replace(better, subgroups=(group(delta_ci=Interval(NAN, NAN)),))
    assert failed(decide(unweighed, SETTINGS, look=LOOK, checks_passed=True)) == {ClauseName.NO_SUBGROUP_WORSE}


def test_worse_calibration_refuses():
    def brier(value):
        return Reliability(labels=(), judged_labels=14, brier=value, ece=value / 2, reason=None)

    better = compared(gain=0.4)
    for low, promoted in ((0.001, False), (-0.001, True)):
        risen = CalibrationComparison(
            a=brier(0.10), b=brier(0.12), delta_brier=0.02, delta_brier_ci=Interval(low, 0.04), reason=None
        )
        found = decide(replace(better, calibration=risen), SETTINGS, look=LOOK, checks_passed=True)
        assert found.promoted is promoted
    assert "The mean Brier score went from 0.1000 to 0.1200" in clause(found, ClauseName.CALIBRATION_KEPT).sentence
    silent = decide(replace(better, calibration=None), SETTINGS, look=LOOK, checks_passed=True)
    assert failed(silent) == {ClauseName.CALIBRATION_KEPT}


def test_label_by_label_every_label_must_be_better_and_the_verdict_says_whose_output_counts():
    each = GateSettings(bootstrap_draws=600, labels=LabelPolicy.EACH)
    gain = np.full(14, 1.2)
    assert verdict(gain=gain, settings=each, studies=1000).promoted
    gain[FINDINGS.index(Finding.EDEMA)] = 0.0
    found = verdict(gain=gain, settings=each, studies=1000)
    assert failed(found) == {ClauseName.EACH_LABEL_BETTER}
    figures = clause(found, ClauseName.EACH_LABEL_BETTER).figures
    assert (figures["edema"], figures["fracture"], figures["better"]) == ("champion", "candidate", 13)
    assert "the champion would keep Edema" in found.sentence
    assert verdict(gain=gain, studies=1000).promoted


def test_a_candidate_trained_on_shuffled_labels_is_refused():
    truth, a, _ = tables(gain=0)
    noise = pd.DataFrame(np.random.default_rng(1).random(truth.shape), columns=COLUMNS)
    found = decide(compare(truth, a, noise, settings=SETTINGS, seed=0), SETTINGS, look=LOOK, checks_passed=True)
    assert {ClauseName.MEAN_AUC_HIGHER, ClauseName.NO_LABEL_WORSE, ClauseName.CALIBRATION_KEPT} <= failed(found)


def test_a_loss_that_no_test_can_weigh_is_a_loss():
    """From a perfect champion to constant scores every case changes alike: DeLong has no variance to test with."""
    truth, a, b = tables(gain=0.5)
    a["fracture"], b["fracture"] = truth["fracture"], 0.0
    found = decide(compare(truth, a, b, settings=SETTINGS, seed=0), SETTINGS, look=LOOK, checks_passed=True)
    assert ClauseName.NO_LABEL_WORSE in failed(found)
    assert "Fracture −0.500 (no test possible)" in found.sentence


def test_failed_data_checks_and_no_judged_label_refuse_and_rare_labels_are_marked():
    assert failed(verdict(gain=0.4, checks_passed=False)) == {ClauseName.DATA_CHECKS}
    none = GateSettings(bootstrap_draws=600, min_positives=300)
    found = verdict(gain=0.4, settings=none)
    assert failed(found) == {ClauseName.LABELS_JUDGED, ClauseName.MEAN_AUC_HIGHER}
    assert "0 of 14 labels have at least 300 positives" in found.sentence
    json.dumps(found.to_json(), allow_nan=False)
    truth, a, b = tables(gain=0.4)
    truth.loc[truth.index[5:], "fracture"] = 0
    marked = decide(compare(truth, a, b, settings=SETTINGS, seed=0), SETTINGS, look=LOOK, checks_passed=True)
    assert "Too few positives: Fracture." in clause(marked, ClauseName.LABELS_JUDGED).sentence
    assert clause(marked, ClauseName.LABELS_JUDGED).passed


@pytest.mark.parametrize(("useful", "promoted"), [(True, True), (False, False)])
def test_a_sites_first_model_must_beat_chance(useful, promoted):
    truth, a, _ = tables(gain=0)
    scores = a if useful else pd.DataFrame(np.random.default_rng(2).random(truth.shape), columns=COLUMNS)
    found = decide_first(assess(truth, scores, settings=SETTINGS, seed=0), look=LOOK, checks_passed=True)
    assert found.promoted is promoted
    assert ("not shown to be above chance" in found.sentence) is not promoted
    assert not decide_first(assess(truth, a, settings=SETTINGS, seed=0), look=LOOK, checks_passed=False).promoted

"""Holds the labeller's scorecard: F1 as scikit-learn has it, honest intervals, by month and version, never invented."""

from datetime import UTC, datetime, timedelta
from math import isnan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import f1_score

from components.findings import FINDINGS, Finding
from components.labeler import LabelerScorecard, score_labeler
from components.labeler._scorecard import _interval

JUNE = datetime(2026, 6, 3, 9, 0, tzinfo=UTC)
EDEMA = Finding.EDEMA


def _scorecard(
    said: list[tuple[str, str]], truth: list[int], *, version: str = "1", patients: list[str] | None = None
) -> LabelerScorecard:
    """The scorecard of edema alone: what the labeller said of each study, and the code that people gave."""
    studies = [study for study, _ in said]
    events = _events(said, version)
    return score_labeler(events=events, readings=_readings(studies, truth), studies=_studies(studies, patients))


def _events(said: list[tuple[str, str]], version: str, at: datetime = JUNE) -> pd.DataFrame:
    columns = ["study", "finding", "assertion", "source", "author", "at"]
    rows = [[study, EDEMA.value, assertion, "labeler", version, at] for study, assertion in said]
    return pd.DataFrame(rows, columns=columns)


def _readings(studies: list[str], truth: list[int]) -> pd.DataFrame:
    table = pd.DataFrame(-2, index=pd.Index(studies, name="study"), columns=[finding.value for finding in FINDINGS])
    table[EDEMA.value] = truth
    return table


def _studies(studies: list[str], patients: list[str] | None = None) -> pd.DataFrame:
    received = pd.Series(
        [JUNE + timedelta(days=30 * (n % 2)) for n in range(len(studies))], dtype="datetime64[us, UTC]"
    )
    return pd.DataFrame({"study": studies, "patient": patients or studies, "received": received})


def test_f1_is_scikit_learns_and_doubt_is_not_present() -> None:
    said = [("a", "present"), ("b", "present"), ("c", "uncertain"), ("d", "unmentioned"), ("e", "absent")]
    score = _scorecard(said, [1, 0, 1, 0, 0]).latest.findings[EDEMA]
    assert score.f1 == pytest.approx(f1_score([1, 0, 1, 0, 0], [1, 1, 0, 0, 0]))
    assert (score.judged, score.present, score.precision, score.sensitivity) == (5, 2, 0.5, 0.5)


def test_what_readers_left_open_or_did_not_state_is_not_judged() -> None:
    scores = _scorecard([("a", "present"), ("b", "present"), ("c", "present")], [1, -1, -2]).latest
    assert scores.findings[EDEMA].judged == 1
    assert scores.studies == 1


def test_a_finding_nobody_calls_present_is_undefined_with_its_reason() -> None:
    scorecard = _scorecard([("a", "absent")], [0])
    score = scorecard.latest.findings[EDEMA]
    assert isnan(score.f1)
    assert "Neither" in score.reason
    assert scorecard.to_json()["latest"]["findings"]["edema"]["f1"] is None
    assert isnan(scorecard.latest.macro_f1)


def test_months_are_those_in_which_the_reports_came() -> None:
    months = _scorecard([("a", "present"), ("b", "absent")], [1, 1]).months
    assert {month: scores.pooled.f1 for month, scores in months.items()} == {"2026-06": 1.0, "2026-07": 0.0}


def test_each_version_is_judged_by_its_own_word_and_the_latest_counts() -> None:
    events = pd.concat([_events([("a", "absent")], "1"), _events([("a", "present")], "2", JUNE + timedelta(days=1))])
    scorecard = score_labeler(events=events, readings=_readings(["a"], [1]), studies=_studies(["a"]))
    assert {version: scores.pooled.f1 for version, scores in scorecard.versions.items()} == {"1": 0.0, "2": 1.0}
    assert scorecard.latest.pooled.f1 == 1.0


def test_readers_events_are_no_word_of_the_labeller() -> None:
    events = _events([("a", "present")], "r1").assign(source="reader")
    scorecard = score_labeler(events=events, readings=_readings(["a"], [1]), studies=_studies(["a"]))
    assert scorecard.latest.studies == 0
    assert scorecard.months == {}


def test_a_patients_studies_count_for_less_than_as_many_patients() -> None:
    said = [(f"s{n}", "present" if n < 30 else "absent") for n in range(40)]
    alone = _scorecard(said, [1] * 40).latest.pooled.interval
    patients = [f"p{n // 10}" for n in range(40)]
    together = _scorecard(said, [1] * 40, patients=patients).latest.pooled.interval
    assert together[1] - together[0] > alone[1] - alone[0]


def test_ten_right_answers_are_no_proof_of_perfection() -> None:
    low, high = _scorecard([(f"s{n}", "present") for n in range(10)], [1] * 10).latest.pooled.interval
    assert high == pytest.approx(1.0)
    assert 0.8 < low < 0.9  # Wilson's lower bound for 10 of 10 is .722, an F1 of .839


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(0, 5)), min_size=1, max_size=30))
def test_interval_holds_its_f1(cells: list[tuple[bool, bool, int]]) -> None:
    said = [(f"s{n}", "present" if own else "absent") for n, (own, _, _) in enumerate(cells)]
    score = _scorecard(
        said, [int(truth) for _, truth, _ in cells], patients=[f"p{patient}" for *_, patient in cells]
    ).latest.pooled
    low, high = score.interval
    if not any(own or truth for own, truth, _ in cells):
        assert isnan(low)
    else:
        assert 0 <= low <= score.f1 + 1e-12
        assert score.f1 - 1e-12 <= high <= 1


def test_interval_covers_about_as_often_as_it_says() -> None:
    """1,000 hospitals of 60 patients with two like studies each: near 95 %, not the 80s of independent cells."""
    random, covered = np.random.default_rng(0), 0
    for _ in range(1000):
        calls = np.full(60, 2.0)
        low, high = _interval(calls * (random.random(60) < 0.8), calls)
        covered += low <= 2 * 0.8 / (1 + 0.8) <= high
    assert 0.93 <= covered / 1000 <= 0.97

"""The queue: wrong labels, contradictions, doubts, and a fair random share; no locked patients; always the same."""

import numpy as np
import pandas as pd
import pytest

from components.catalog import Side
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling import Purpose, Task, Why, out_of_fold, select, select_reference
from components.settings import RelabelSettings

COLUMNS = [finding.value for finding in FINDINGS]
SURE = 0.02
UNMENTIONED = -2


class Hospital:
    """Studies S0, S1, …, each of its own patient on the training side; the model is sure of nothing being there."""

    def __init__(self, count: int) -> None:
        names = [f"S{i}" for i in range(count)]
        self.codes = pd.DataFrame(UNMENTIONED, index=pd.Index(names, name="study"), columns=COLUMNS, dtype="int8")
        self.probabilities = pd.DataFrame(SURE, index=pd.Index(names, name="study"), columns=COLUMNS, dtype=float)
        self.studies = pd.DataFrame({"study": names, "patient": [f"P{i}" for i in range(count)]})
        self.images = pd.DataFrame({"image": [f"I{i}" for i in range(count)], "study": names, "view": "PA"})
        self.sides = {f"P{i}": Side.TRAIN for i in range(count)}

    def select(self, *, size: int = 5, random_share: float = 0.0, seed: int = 0, **other: object) -> list[Task]:
        arguments: dict[str, object] = {
            "codes": self.codes,
            "probabilities": self.probabilities,
            "out_of_fold": self.probabilities.iloc[:0],
            "thresholds": {},
            "images": self.images,
            "studies": self.studies,
            "sides": self.sides,
            "known": set(),
            "waiting": 0,
            "settings": RelabelSettings(queue_size=size, random_share=random_share),
            "seed": seed,
        }
        return select(**(arguments | other))  # type: ignore[arg-type]


@pytest.fixture
def hospital() -> Hospital:
    return Hospital(30)


def test_the_strongest_contradiction_comes_first(hospital: Hospital) -> None:
    hospital.codes.loc["S3", "edema"] = 1
    hospital.probabilities.loc["S3", "edema"] = 0.1
    hospital.codes.loc["S7", "fracture"] = 0
    hospital.probabilities.loc["S7", "fracture"] = 0.99
    queue = [task for task in hospital.select() if task.why is Why.DISAGREEMENT]
    assert [(task.study, task.finding) for task in queue] == [("S7", Finding.FRACTURE), ("S3", Finding.EDEMA)]
    assert queue[0].score == pytest.approx(0.98)
    assert queue[0].looked is Finding.FRACTURE
    assert queue[0].reason == "Report and model contradict each other: Fracture"


def test_a_contradiction_is_measured_from_the_findings_own_threshold(hospital: Hospital) -> None:
    hospital.codes.loc["S3", "edema"] = 0
    hospital.probabilities.loc["S3", "edema"] = 0.3
    thresholds = {Finding.EDEMA: 0.2}
    contradicted = [t.study for t in hospital.select(thresholds=thresholds) if t.why is Why.DISAGREEMENT]
    assert contradicted == ["S3"]
    assert not [t for t in hospital.select(thresholds={}) if t.why is Why.DISAGREEMENT]


def test_a_hedging_report_and_an_undecided_model_are_doubts(hospital: Hospital) -> None:
    hospital.codes.loc["S4", ["edema", "pneumonia"]] = -1
    hospital.probabilities.loc["S9", ["atelectasis", "edema", "fracture"]] = 0.5
    first, second = (task for task in hospital.select(size=2))
    assert (first.study, first.why) == ("S9", Why.UNCERTAINTY)
    assert (second.study, second.finding) == ("S4", Finding.EDEMA)


def test_only_training_and_validation_patients_are_read(hospital: Hospital) -> None:
    hospital.sides = {"P1": Side.TEST, "P2": Side.TRAIN, "P3": Side.VALIDATION}
    for share in (0.0, 1.0):
        assert {task.study for task in hospital.select(size=30, random_share=share)} == {"S2", "S3"}


def test_the_random_share_is_drawn_from_all_and_the_queue_has_its_size(hospital: Hospital) -> None:
    hospital.codes.loc[:, "edema"] = 1
    queue = hospital.select(size=10, random_share=0.3)
    assert len(queue) == len({task.study for task in queue}) == 10
    drawn = [task for task in queue if task.why is Why.RANDOM]
    assert len(drawn) == 3
    assert all(task.finding is None for task in drawn)
    other = {task.study for task in hospital.select(size=10, random_share=0.3, seed=1) if task.why is Why.RANDOM}
    assert other != {task.study for task in drawn}


def test_the_order_of_the_tables_does_not_matter(hospital: Hospital) -> None:
    before = hospital.select(size=12, random_share=0.4)
    hospital.codes = hospital.codes.sample(frac=1, random_state=1)
    hospital.probabilities = hospital.probabilities.sample(frac=1, random_state=2)
    hospital.images = hospital.images.sample(frac=1, random_state=3)
    assert hospital.select(size=12, random_share=0.4) == before


def test_the_queue_is_filled_up_to_its_size_with_what_is_neither_read_nor_queued(hospital: Hospital) -> None:
    queue = hospital.select(size=10, known={"S0", "S1", "S2", "S3", "S4"}, waiting=3)
    assert len(queue) == 7
    assert not {task.study for task in queue} & {"S0", "S1", "S2", "S3", "S4"}
    assert hospital.select(size=3, known={"S2", "S3", "S4"}, waiting=3) == []


def test_a_frontal_picture_is_shown_when_there_is_one() -> None:
    hospital = Hospital(1)
    hospital.images = pd.DataFrame(
        {"image": ["I1", "I2", "I3"], "study": "S0", "view": ["LATERAL", "AP", "PA"]},
    )
    assert [task.image for task in hospital.select()] == ["I3"]


def test_the_form_shows_the_report_then_the_model_and_nothing_where_they_contradict(hospital: Hospital) -> None:
    hospital.codes.loc["S0", ["edema", "fracture", "pneumonia", "atelectasis"]] = [1, 1, -1, 0]
    hospital.probabilities.loc["S0", ["edema", "cardiomegaly"]] = 0.9
    hospital.probabilities.loc["S0", "lung_lesion"] = np.nan
    suggested = next(task for task in hospital.select(size=30) if task.study == "S0").suggested
    assert suggested[Finding.EDEMA] is Assertion.PRESENT
    assert suggested[Finding.PNEUMONIA] is Assertion.UNCERTAIN
    assert suggested[Finding.ATELECTASIS] is Assertion.ABSENT
    assert suggested[Finding.CARDIOMEGALY] is Assertion.PRESENT
    assert Finding.FRACTURE not in suggested
    assert Finding.LUNG_LESION not in suggested


def test_a_catalog_without_predictions_gives_an_empty_queue(hospital: Hospital) -> None:
    hospital.probabilities = hospital.probabilities.iloc[:0]
    assert hospital.select() == []


def noisy(count: int = 60) -> Hospital:
    """Edema in every third study and seen by the model; the labels of S1 and S3 are turned round."""
    hospital = Hospital(count)
    truly = [f"S{i}" for i in range(0, count, 3)]
    hospital.codes["edema"] = 0
    hospital.codes.loc[truly, "edema"] = 1
    hospital.probabilities.loc[truly, "edema"] = 0.9
    hospital.codes.loc["S1", "edema"] = 1
    hospital.codes.loc["S3", "edema"] = UNMENTIONED
    return hospital


def test_labels_that_an_out_of_fold_model_finds_wrong_come_first_the_unmentioned_among_them() -> None:
    hospital = noisy()
    queue = hospital.select(size=3, out_of_fold=hospital.probabilities)
    wrong = [task for task in queue if task.why is Why.NOISE]
    assert {task.study for task in wrong} == {"S1", "S3"}
    assert {task.finding for task in wrong} == {Finding.EDEMA}
    assert wrong[0].reason == "The label may well be wrong: Edema"


def test_a_model_that_learned_from_a_label_says_nothing_of_its_noise() -> None:
    hospital = noisy()
    seen = hospital.probabilities.drop(index=["S1", "S3"])
    assert not [task for task in hospital.select(out_of_fold=seen) if task.why is Why.NOISE]
    assert "S1" in {task.study for task in hospital.select(out_of_fold=seen)}, "still a contradiction"


def test_each_study_is_scored_by_the_newest_model_that_did_not_learn_from_it(hospital: Hospital) -> None:
    newest = hospital.probabilities.iloc[:4]
    scores = out_of_fold([(newest, {"S0", "S1"}), (newest - 0.01, {"S0"}), (hospital.probabilities.iloc[:0], set())])
    assert scores["edema"].to_dict() == {"S2": SURE, "S3": SURE, "S1": SURE - 0.01}
    assert out_of_fold([]).columns.tolist() == COLUMNS


def test_the_locked_patients_take_no_part_in_the_estimate() -> None:
    hospital = noisy()
    hospital.sides |= {f"P{i}": Side.TEST for i in range(8, 60)}  # too few are left to say anything
    assert not [task for task in hospital.select(out_of_fold=hospital.probabilities) if task.why is Why.NOISE]


def test_of_two_equal_contradictions_the_rare_finding_comes_first(hospital: Hospital) -> None:
    hospital.codes.loc["S10":"S29", "edema"] = 1
    hospital.probabilities.loc["S10":"S29", "edema"] = 0.98
    hospital.codes.loc["S20", "fracture"] = 1
    for study, finding in (("S3", "edema"), ("S4", "fracture")):
        hospital.codes.loc[study, finding] = 0
        hospital.probabilities.loc[study, finding] = 0.9
    queue = [task for task in hospital.select(size=30) if task.why is Why.DISAGREEMENT]
    assert [task.study for task in queue if task.study in ("S3", "S4")] == ["S4", "S3"]


def test_for_the_reference_standard_locked_patients_are_drawn_and_shown_blind(hospital: Hospital) -> None:
    hospital.sides = {f"P{i}": Side.TEST if i < 10 else Side.TRAIN for i in range(30)}
    tables = {"images": hospital.images, "studies": hospital.studies, "sides": hospital.sides}
    settings = RelabelSettings(queue_size=6)
    queue = select_reference(**tables, known={"S0", "S1"}, waiting=1, settings=settings, seed=0)
    assert len(queue) == 5
    assert {task.study for task in queue} < {f"S{i}" for i in range(2, 10)}
    assert all(task.purpose is Purpose.REFERENCE and not task.suggested and task.looked is None for task in queue)
    other = select_reference(**tables, known={"S0", "S1"}, waiting=1, settings=settings, seed=1)
    assert {task.study for task in other} != {task.study for task in queue}

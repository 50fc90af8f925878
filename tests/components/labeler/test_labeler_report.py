"""Holds how a report's statements come together, and that each label can be explained."""

import re

from components.findings import FINDINGS, Assertion, Finding
from components.labeler import LABELER_VERSION, explain, label_report


def test_all_observations_come_in_their_order_also_for_an_empty_report() -> None:
    labels = label_report("", "")
    assert tuple(labels) == FINDINGS
    assert set(labels.values()) == {Assertion.UNMENTIONED}


def test_committed_positive_wins_over_absent_and_uncertain() -> None:
    labels = label_report("No pneumothorax. Possible pneumothorax.", "Small right pneumothorax.")
    assert labels[Finding.PNEUMOTHORAX] is Assertion.PRESENT


def test_uncertain_wins_over_absent() -> None:
    labels = label_report("No effusion.", "A small effusion cannot be excluded.")
    assert labels[Finding.PLEURAL_EFFUSION] is Assertion.UNCERTAIN


def test_impression_takes_back_what_the_findings_called_a_nodule() -> None:
    labels = label_report("Nodular density in the left base.", "The nodular density is a nipple shadow.")
    assert labels[Finding.LUNG_LESION] is Assertion.UNMENTIONED


def test_no_finding_needs_a_report_of_health() -> None:
    assert label_report("Heart size is normal. Lungs are clear.", "")[Finding.NO_FINDING] is Assertion.PRESENT
    assert label_report("XXXX.", "")[Finding.NO_FINDING] is Assertion.UNMENTIONED


def test_no_finding_stands_beside_devices_only() -> None:
    assert label_report("Lungs clear. Left pacemaker.", "")[Finding.NO_FINDING] is Assertion.PRESENT
    assert label_report("Lungs clear. Scoliosis.", "")[Finding.NO_FINDING] is Assertion.UNMENTIONED
    assert label_report("Lungs clear. Possible effusion.", "")[Finding.NO_FINDING] is Assertion.UNMENTIONED


def test_explanation_shows_sentence_mention_and_cue_in_the_reports_own_letters() -> None:
    said = explain("Heart size is Normal. No focal Consolidation or effusion.", "Cardiomegaly.")
    told = [(one.finding.value, one.assertion.value, one.sentence, one.mention, one.cue) for one in said]
    assert told == [
        ("cardiomegaly", "absent", "Heart size is Normal.", "Heart size", "Normal"),
        ("consolidation", "absent", "No focal Consolidation or effusion.", "focal Consolidation", "No"),
        ("pleural_effusion", "absent", "No focal Consolidation or effusion.", "effusion", "No"),
        ("cardiomegaly", "present", "Cardiomegaly.", "Cardiomegaly", ""),
    ]


def test_every_label_but_no_finding_has_an_explanation() -> None:
    findings = "Heart size normal. Possible left effusion. PICC tip in the SVC."
    impression = "Atelectasis or infiltrate."
    labels = label_report(findings, impression)
    explained = {(one.finding, one.assertion) for one in explain(findings, impression)}
    assert {(f, a) for f, a in labels.items() if a is not Assertion.UNMENTIONED} <= explained


def test_version_names_rules_and_vocabulary() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\+[0-9a-f]{12}", LABELER_VERSION)

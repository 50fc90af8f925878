"""The reports: they parse, reach every study once, agree with the truth, and vary."""

import csv
import re
from functools import cache

import hl7
import pytest

from components.findings import FINDINGS, Finding
from components.simulator._language import phrases

DENIES = re.compile(
    r"\b(no|not|without|negative|absent|neither|free|clear|normal|unremarkable|sharp|possible|may|cannot|questionable"
    r"|suspicious|tiny|trace|borderline|limits|probable|likely)\b",
    re.IGNORECASE,
)
WORDS = {
    Finding.PNEUMOTHORAX: "pneumothorax",
    Finding.PLEURAL_EFFUSION: "effusion|pleural fluid",
    Finding.CARDIOMEGALY: "cardiomegaly|the heart|heart size|cardiac silhouette",
    Finding.CONSOLIDATION: "consolidat",
    Finding.FRACTURE: "fracture",
    Finding.EDEMA: "edema|congesti|heart failure",
    Finding.LUNG_LESION: "nodul|mass\\b",
    Finding.PLEURAL_OTHER: "pleural thickening|plaque|pleural scar",
}


@cache
def messages(folder):
    return [hl7.parse(path.read_bytes().decode("latin-1")) for path in sorted((folder / "export" / "hl7").iterdir())]


def rows(folder, name):
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def final_texts(folder):
    """Report id → the last text of it."""
    texts = {row["report_id"]: row["report"] for row in rows(folder / "export", "reports.csv")}
    for message in messages(folder):
        lines = [str(segment[5]) for segment in message.segments("OBX")]
        texts[str(message.segment("OBR")[3])] = "\n".join(lines).replace("\\.br\\", "\n")
    return texts


def sentences(text, word):
    body = text[re.search("findings:", text, re.IGNORECASE).start() :]
    return [s for s in re.split(r"(?<=[.])\s|\n", body) if re.search(word, s, re.IGNORECASE)]


def test_messages_are_results_with_the_study_numbers(hospital):
    truth = {row["report_id"]: row for row in rows(hospital, "truth.csv")}
    for message in messages(hospital):
        assert str(message.segment("MSH")[9]) == "ORU^R01"
        study = truth[str(message.segment("OBR")[3])]
        assert str(message.segment("OBR")[18]) == study["accession"]
        assert str(message.segment("PID")[3][0][0]) == study["patient_id"]
        assert {str(segment[11]) for segment in message.segments("OBX")} == {str(message.segment("OBR")[25])}


def test_preliminary_comes_before_and_corrected_after_the_final_report(hospital, other_hospital):
    courses: dict[str, str] = {}
    for message in [*messages(hospital), *messages(other_hospital)]:
        report, status = str(message.segment("OBR")[3]), str(message.segment("OBR")[25])
        courses[report] = courses.get(report, "") + status
    assert set(courses.values()) == {"F", "PF", "FC"}


def test_every_study_has_its_report_about_half_of_them_in_the_table(hospital):
    truth = {row["report_id"] for row in rows(hospital, "truth.csv")}
    table = {row["report_id"] for row in rows(hospital / "export", "reports.csv")}
    assert set(final_texts(hospital)) == truth
    assert 0.3 < len(table) / len(truth) < 0.7


def test_a_finding_that_is_not_there_is_never_stated(hospital, other_hospital):
    for folder in (hospital, other_hospital):
        texts = final_texts(folder)
        for row in rows(folder, "truth.csv"):
            for finding, word in WORDS.items():
                if row[finding] == "0":
                    assert all(DENIES.search(s) for s in sentences(texts[row["report_id"]], word)), finding


def test_a_finding_that_is_there_is_mostly_stated(hospital, other_hospital):
    for finding, word in WORDS.items():
        stated = there = 0
        for folder in (hospital, other_hospital):
            texts = final_texts(folder)
            for row in rows(folder, "truth.csv"):
                if row[finding] == "1" and (finding is not Finding.CONSOLIDATION or row[Finding.PNEUMONIA] == "0"):
                    there += 1
                    stated += any(not DENIES.search(s) for s in sentences(texts[row["report_id"]], word))
        assert stated / there > 0.75, finding


def test_the_phrase_book_says_each_thing_in_several_ways():
    for finding in FINDINGS[:-1]:
        ways = phrases()["findings"][finding.value]
        assert len(ways["absent"]) >= 2
        assert finding is Finding.SUPPORT_DEVICES or len(ways["present"]) >= 5


@pytest.mark.parametrize("pattern", [r"Dr\. Qz", r"\d{4}", r"(?i)indication", "IMPRESSION|Impression", r"[A-Z ]{40,}"])
def test_names_dates_headings_and_capitals_occur(hospital, pattern):
    assert any(re.search(pattern, text) for text in final_texts(hospital).values())

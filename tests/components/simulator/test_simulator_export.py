"""The export as a whole: what lies where, how much, always the same bytes, and refusals in one sentence."""

import csv
from collections import Counter
from pathlib import Path

import pytest

from components import simulator
from components.errors import ConfigurationError, StorageError
from components.findings import FINDINGS, PARENTS, Finding
from components.simulator import HospitalSummary, Site, write_hospital


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def truth(folder: Path) -> list[dict[str, str]]:
    return rows(folder, "truth.csv")


def test_the_door_opens_onto_these_names():
    assert set(simulator.__all__) == {"HospitalSummary", "Site", "write_hospital", "write_hospital_from"}


def test_the_same_arguments_give_the_same_bytes(write):
    once, summary = write("once")
    again, _ = write("again")
    assert contents(once) == contents(again)
    assert summary == HospitalSummary(
        studies=3,
        patients=len({row["patient_id"] for row in truth(once)}),
        images=len(list(once.rglob("*.dcm"))),
        reports=len(list(once.rglob("*.hl7"))) + len(rows(once / "export", "reports.csv")),
    )


@pytest.mark.parametrize("change", [{"seed": 2}, {"site": Site.PUBLISHED}])
def test_another_seed_or_site_has_other_patients(write, change):
    once, _ = write("once")
    other, _ = write("other", **change)
    assert not {row["patient_id"] for row in truth(once)} & {row["patient_id"] for row in truth(other)}


def test_more_studies_begin_with_the_same_ones(write):
    few, _ = write("few")
    many, _ = write("many", studies=5)
    assert truth(many)[:3] == truth(few)


def test_the_truth_names_what_only_the_lateral_shows_where_there_is_one(hospital):
    pictures = Counter(file.parent.name for file in (hospital / "export").rglob("*.dcm"))
    hidden = {row["accession"]: row["lateral_only"].split() for row in truth(hospital)}
    assert {len(findings) for findings in hidden.values()} >= {0, 1}
    assert all(pictures[accession] == 2 for accession, findings in hidden.items() if findings)
    present = {row["accession"]: {name for name in FINDINGS if row[name] == "1"} for row in truth(hospital)}
    assert all(present[accession] >= set(findings) for accession, findings in hidden.items())


def test_a_patient_comes_one_to_three_times_over_months(hospital):
    visits = Counter(row["patient_id"] for row in truth(hospital))
    assert set(visits.values()) == {1, 2, 3}
    dates = [row["date"] for row in truth(hospital) if row["patient_id"] == max(visits, key=visits.__getitem__)]
    assert dates == sorted(dates)
    assert len(set(dates)) == len(dates)


def test_truth_holds_the_hierarchy_and_no_finding(hospital, other_hospital):
    for row in truth(hospital) + truth(other_hospital):
        assert all(row[parent] == "1" for child, parent in PARENTS.items() if row[child] == "1")
        others = [row[f] for f in FINDINGS if f not in {Finding.NO_FINDING, Finding.SUPPORT_DEVICES}]
        assert row[Finding.NO_FINDING] == str(int("1" not in others))


def test_every_finding_is_there_often_enough_to_be_measured(hospital, other_hospital):
    studies = truth(hospital) + truth(other_hospital)
    for finding in FINDINGS:
        share = sum(row[finding] == "1" for row in studies) / len(studies)
        assert 0.05 < share < 0.65, finding


def test_progress_counts_to_the_end(write):
    seen = []
    write("told", progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


@pytest.mark.parametrize("wrong", [{"site": "mars"}, {"studies": 0}, {"size": 8}])
def test_wrong_wishes_are_refused_with_a_sentence(write, wrong):
    with pytest.raises(ConfigurationError, match="invented hospital must be"):
        write("wrong", **wrong)


def test_a_place_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be written"):
        write_hospital(tmp_path / "file", studies=1, seed=0, site="local")


def test_a_disk_that_fills_up_on_the_way_is_said(write):
    def fill(done: int, total: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(StorageError, match="No space left on device"):
        write("full", progress=fill)

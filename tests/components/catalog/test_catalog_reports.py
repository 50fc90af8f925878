"""A report finds its study whichever half comes first, and of its versions the right one counts."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from catalog_records import NOW, add_report, add_study, image, report, study

from components.catalog import Catalog, PatientClass
from components.errors import CatalogError

DAY = date(2024, 1, 10)


def _current(catalog: Catalog) -> list[tuple[str, str]]:
    frame = catalog.reports("local")
    return [(row.report, row.status) for row in frame[frame["current"]].itertuples()]


def test_a_report_waits_for_its_images(catalog: Catalog) -> None:
    assert add_report(catalog, report()) is True
    assert catalog.link_reports() == 0
    assert catalog.counts()["waiting"] == 1
    add_study(catalog, study(), [image()])
    assert catalog.link_reports() == 1
    assert catalog.link_reports() == 0
    assert catalog.counts()["waiting"] == 0
    assert catalog.studies()["report"].tolist() == ["R1"]


def test_a_report_after_its_images_is_linked(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    assert catalog.studies()["report"].tolist() == [None]
    add_report(catalog, report())
    assert catalog.link_reports() == 1
    assert catalog.reports()["study"].tolist() == ["S1"]


@pytest.mark.parametrize(
    ("of_report", "of_study"),
    [
        ({"patient": "P2"}, {}),
        ({"site": "elsewhere"}, {}),
        ({"accession": "A-other"}, {}),
        ({"accession": None, "date": DAY + timedelta(days=8)}, {}),
        ({"accession": None, "date": None}, {}),
        ({}, {"accession": None, "date": None}),
    ],
)
def test_a_report_of_something_else_goes_on_waiting(
    catalog: Catalog, of_report: dict[str, Any], of_study: dict[str, Any]
) -> None:
    add_study(catalog, study(**of_study), [image()])
    add_report(catalog, report(**of_report))
    assert catalog.link_reports() == 0


def test_without_accession_the_only_study_of_the_days_before_counts(catalog: Catalog) -> None:
    for number, shift in enumerate((-6, 3, 20)):
        add_study(catalog, study(f"S{number}", date=DAY + timedelta(days=shift)), [image(f"I{number}", f"S{number}")])
    add_report(catalog, report(accession=None, date=DAY))
    assert catalog.link_reports() == 1
    assert catalog.reports()["study"].tolist() == ["S0"]
    add_study(catalog, study("S3", date=DAY - timedelta(days=2)), [image("I3", "S3")])
    assert catalog.link_reports() == 0
    assert catalog.reports()["study"].tolist() == [None], "now it may be either's"


def test_without_accession_the_study_of_that_hour_counts(catalog: Catalog) -> None:
    for name, hour in (("S1", 7), ("S2", 19)):
        add_study(catalog, study(name, time=time(hour)), [image(f"I-{name}", name)])
    add_report(catalog, report(accession=None, time=time(18, 30)))
    assert catalog.link_reports() == 1
    assert catalog.studies()["report"].tolist() == [None, "R1"]


def test_of_several_studies_with_one_accession_the_nearest_counts_whichever_came_first(catalog: Catalog) -> None:
    add_study(catalog, study("S1", accession="A", time=time(7)), [image("I1", "S1")])
    add_report(catalog, report(accession="A", time=time(19)))
    catalog.link_reports()
    add_study(catalog, study("S2", accession="A", time=time(19)), [image("I2", "S2")])
    catalog.link_reports()
    assert catalog.studies()["report"].tolist() == [None, "R1"]


def test_between_two_studies_equally_near_a_report_waits(catalog: Catalog) -> None:
    for name in ("S1", "S2"):
        add_study(catalog, study(name), [image(f"I-{name}", name)])
    add_report(catalog, report(accession=None))
    assert catalog.link_reports() == 0
    add_report(catalog, report("R2", accession="A-S1"))
    assert catalog.link_reports() == 2, "S1 has its report, so the other one can only be S2's"
    assert catalog.studies()["report"].tolist() == ["R2", "R1"]


def test_versions_stay_and_the_final_one_counts(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    assert add_report(catalog, report(status="final", received=NOW)) is True
    assert add_report(catalog, report(status="preliminary", received=NOW + timedelta(hours=5))) is True
    assert add_report(catalog, report(status="final", received=NOW + timedelta(hours=6))) is False
    assert catalog.link_reports() == 2
    assert len(catalog.reports()) == 2
    assert _current(catalog) == [("R1", "final")]


def test_the_last_correction_counts(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    for hours, text in enumerate(("one", "two", "three")):
        add_report(catalog, report(status="corrected", findings=text, received=NOW + timedelta(hours=hours)))
    catalog.link_reports()
    frame = catalog.reports()
    assert frame.loc[frame["current"], "findings"].tolist() == ["three"]


def test_received_at_once_a_correction_comes_before_the_final_it_corrects(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    for status in ("P", "C", "F"):
        add_report(catalog, report(status=status))
    catalog.link_reports()
    assert _current(catalog) == [("R1", "C")]


def test_a_preliminary_report_counts_while_there_is_no_other(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report(status="preliminary"))
    catalog.link_reports()
    assert _current(catalog) == [("R1", "preliminary")]


def test_a_withdrawn_report_does_not_count(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report(status="final"))
    add_report(catalog, report(status="withdrawn", findings="", impression="", received=NOW + timedelta(hours=1)))
    catalog.link_reports()
    assert _current(catalog) == []
    assert catalog.studies()["report"].tolist() == [None]


def test_a_study_with_two_reports_goes_by_the_later_one(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report("R1"))
    add_report(catalog, report("R2", received=NOW + timedelta(days=1)))
    catalog.link_reports()
    assert catalog.studies()["report"].tolist() == ["R2"]
    assert len(catalog.studies()) == 1


def test_all_versions_go_to_one_study(catalog: Catalog) -> None:
    add_study(catalog, study(accession=None), [image()])
    add_report(catalog, report(status="preliminary", accession=None))
    catalog.link_reports()
    add_study(catalog, study("S2", accession=None, date=DAY + timedelta(days=1)), [image("I2", "S2")])
    add_report(catalog, report(status="final", accession=None, date=DAY + timedelta(days=1)))
    assert catalog.link_reports() == 1
    assert set(catalog.reports()["study"]) == {"S1"}


def test_versions_that_come_in_any_order_count_by_when_they_were_issued(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    for hour, (status, text) in enumerate((("C", "new"), ("F", "old"), ("P", "oldest"))):
        moments = {"issued": NOW - timedelta(days=hour), "received": NOW + timedelta(hours=hour)}
        add_report(catalog, report(status=status, findings=text, **moments))
    catalog.link_reports()
    frame = catalog.reports()
    assert frame.loc[frame["current"], "findings"].tolist() == ["new"]
    assert len(frame) == 3, "the earlier ones stay on record"


def test_a_withdrawal_that_comes_before_what_it_withdraws_holds(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report(status="X", findings="", impression="", issued=NOW))
    add_report(catalog, report(status="F", issued=NOW - timedelta(hours=2), received=NOW + timedelta(hours=1)))
    catalog.link_reports()
    assert _current(catalog) == []


def test_a_study_has_the_patient_class_of_the_report_that_counts(catalog: Catalog) -> None:
    add_study(catalog, study(), [image()])
    add_report(catalog, report(status="preliminary", patient_class=PatientClass.EMERGENCY))
    catalog.link_reports()
    assert catalog.studies()["patient_class"].tolist() == ["emergency"]
    add_report(catalog, report(patient_class=PatientClass.INPATIENT))
    catalog.link_reports()
    assert catalog.studies()["patient_class"].tolist() == ["inpatient"]
    assert catalog.reports()["patient_class"].tolist() == ["emergency", "inpatient"]


def test_a_report_keeps_its_patient(catalog: Catalog) -> None:
    add_report(catalog, report())
    with pytest.raises(CatalogError, match="one patient"):
        add_report(catalog, report(patient="P2", status="corrected"))
    assert len(catalog.reports()) == 1

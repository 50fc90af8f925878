"""One study's files and reports by every route that carries files: all meet, and the last final report counts."""

import json
import zipfile
from datetime import UTC, date, datetime

import pandas as pd
import pydicom
import pytest

from components.settings import Dates, DeidentifySettings

FHIR = {
    "resourceType": "DiagnosticReport",
    "id": "r1",
    "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "ACC778899"}],
    "status": "amended",
    "subject": {"identifier": {"value": "QZPID12345"}, "display": "Qzfamily"},
    "issued": "2023-05-12T09:00:00Z",
    "conclusion": "Amended: effusion. Mr. Qzfamily knows.",
}
TABLE = "report_id;accession;patient_id;status;findings\nR7;ACC778899;QZPID12345;preliminary;Nothing yet.\n"


@pytest.fixture
def routes(hospital, put_image, message, document):
    """What each route brings: an image and the four versions of its report, the newest in FHIR."""
    pydicom.dcmwrite(hospital.inbox / "sr", document(), enforce_file_format=True)  # final, of 11 May, noon
    (hospital.inbox / "fhir").write_text(json.dumps(FHIR))
    (hospital.inbox / "table").write_text(TABLE)
    (hospital.inbox / "message").write_text(message("FINDINGS: First thoughts.", status="P"))
    return {"image": put_image("image"), **{name: hospital.inbox / name for name in ("sr", "fhir", "table", "message")}}


@pytest.mark.parametrize(
    "order",
    [("image", "message", "table", "sr", "fhir"), ("fhir", "sr", "image", "table", "message"), ("sr", "fhir", "image")],
)
def test_in_any_order_the_last_final_report_counts(hospital, routes, order):
    results = [hospital.ingest(routes[name]) for name in order]
    assert all(not result.quarantined and result.received == 1 for result in results)
    reports = hospital.catalog.reports()
    assert reports.loc[reports["current"], "impression"].tolist() == ["Amended: effusion. Mr. [NAME] knows."]
    assert len(reports) == len(order) - 1, "the earlier ones stay on record"
    assert hospital.catalog.counts()["waiting"] == 0
    assert not any(word in hospital.downstream().lower() for word in (b"qzfam", b"qzpid", b"acc778899"))


@pytest.mark.parametrize(("dates", "day"), [(Dates.FULL, date(2023, 5, 10)), (Dates.REMOVED, None)])
def test_image_and_report_follow_the_same_option_on_dates(hospital, routes, dates, day):
    hospital.ingest(routes["image"], routes["message"], deidentify=DeidentifySettings(dates=dates))
    (study,) = hospital.catalog.studies().to_dict("records")
    (report,) = hospital.catalog.reports().to_dict("records")
    assert study["report"] is not None
    for row in (study, report):
        assert (None if pd.isna(row["date"]) else row["date"]) == day


def test_a_version_without_a_time_of_its_own_counts_by_its_receipt(hospital, routes):
    hospital.ingest(routes["image"])
    routes["table"].write_text(TABLE.replace("preliminary", "final"))
    hospital.ingest(routes["table"], now=datetime(2023, 5, 12, 8, tzinfo=UTC))
    hospital.ingest(routes["fhir"], now=datetime(2023, 5, 12, 10, tzinfo=UTC))
    reports = hospital.catalog.reports()
    assert reports.loc[reports["current"], "status"].tolist() == ["corrected"]


def test_a_zip_file_brings_all_of_it_and_leaves_nothing_behind(hospital, routes):
    source = hospital.inbox / "QZFAMILY.zip"
    with zipfile.ZipFile(source, "w") as container:
        for name, path in routes.items():
            container.write(path, f"../{name}")
            path.unlink()
    result = hospital.ingest(source)
    assert (result.accepted, result.received) == (5, 5)
    assert source.exists()
    assert not any(word in hospital.downstream().lower() for word in (b"qzfam", b"qzpid", b"acc778899"))
    assert hospital.ingest(source).duplicates == 5


def test_a_withdrawn_report_leaves_the_study_without_one(hospital, routes):
    hospital.ingest()
    (hospital.inbox / "fhir").write_text(json.dumps(FHIR | {"status": "entered-in-error", "issued": "2023-05-13"}))
    hospital.ingest()
    assert not hospital.catalog.reports()["current"].any()
    assert hospital.catalog.studies()["report"].tolist() == [None]


def test_a_report_under_another_number_of_the_patient_is_cleaned_of_the_headers_names(hospital, put_image):
    put_image(PatientID="AT THE DEVICE")
    rows = "report_id,accession,patient_id,report\nR1,ACC778899,AT THE OFFICE,Ms. Qzfamily is well.\n"
    (hospital.inbox / "reports.csv").write_text(rows)
    hospital.ingest()
    assert hospital.catalog.reports()["findings"].tolist() == ["Ms. [NAME] is well."]

"""FHIR DiagnosticReports: whatever layout a hospital's server gives them, R4 or R5, one or many in a file."""

import base64
import json
from datetime import UTC, date, datetime, time

import pytest
from fhir.resources.diagnosticreport import DiagnosticReport as R5
from fhir.resources.R4B.diagnosticreport import DiagnosticReport as R4B

from components.errors import RefusedInputError
from components.intake import Reason
from components.intake._reports import reports_in
from components.intake._scan import Kind, kind_of

PATIENT = {
    "resourceType": "Patient",
    "id": "p1",
    "identifier": [
        {"type": {"coding": [{"code": "SS"}]}, "value": "QZSSN999"},
        {"type": {"coding": [{"code": "MR"}]}, "value": "QZPID12345"},
    ],
    "name": [{"family": "Qzfamily", "given": ["Qzgiven", "Ann"]}],
    "telecom": [{"system": "phone", "value": "999 555 1234"}],
    "address": [{"line": ["7 Qzstreet"], "city": "Qztown"}],
}


def form(text: str, kind: str = "text/plain", encoding: str = "utf-8") -> dict:
    return {"contentType": kind, "data": base64.b64encode(text.encode(encoding)).decode()}


def resource(**changes) -> dict:
    made = {
        "resourceType": "DiagnosticReport",
        "id": "r1",
        "identifier": [
            {"value": "RIS-4711"},
            {
                "type": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]},
                "value": "ACC1",
            },
        ],
        "status": "final",
        "code": {"coding": [{"system": "http://loinc.org", "code": "36643-5"}]},
        "subject": {"reference": "Patient/p1", "display": "Qzfamily, Qzgiven"},
        "effectiveDateTime": "2023-05-10T10:15:00+02:00",
        "issued": "2023-05-10T12:00:00+02:00",
        "performer": [{"display": "Qzhospital"}],
        "resultsInterpreter": [{"display": "Eve Qzreader"}],
        "presentedForm": [form("FINDINGS: Opacity.\nIMPRESSION: Pneumonia.")],
    }
    return {name: value for name, value in (made | changes).items() if value is not None}


@pytest.fixture
def read(tmp_path):
    """The items of a file with these documents: one as it is printed, several one a line."""

    def items(*documents: dict, indent: int | None = None):
        file = tmp_path / "x.json"
        file.write_text("\n".join(json.dumps(document, indent=indent) for document in documents))
        assert kind_of(file) is Kind.FHIR
        return list(reports_in(file, Kind.FHIR))

    return items


@pytest.fixture
def report(read):
    """The one report of a DiagnosticReport with these changes; a refused one raises."""

    def only(**changes):
        (item,) = read(resource(**changes))
        if item.refusal:
            raise item.refusal
        return item.message

    return only


def bundle(*resources: dict) -> dict:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


@pytest.mark.parametrize("indent", [None, 2])
def test_a_bundle_gives_the_report_with_everything_it_points_to(read, indent):
    (item,) = read(bundle(PATIENT, resource()), indent=indent)
    message = item.message
    assert (message.report_id, message.accession, message.patient_id) == ("RIS-4711", "ACC1", "QZPID12345")
    assert (message.day, message.clock) == (date(2023, 5, 10), time(10, 15))
    assert message.issued == datetime(2023, 5, 10, 10, tzinfo=UTC)
    assert (message.sections.findings, message.sections.impression) == ("Opacity.", "Pneumonia.")
    assert {"Qzfamily^Qzgiven Ann", "Qzfamily, Qzgiven", "Eve Qzreader"} <= message.names
    assert {"QZSSN999", "QZPID12345", "999 555 1234", "7 Qzstreet", "Qztown"} <= message.identifiers
    assert "qz" not in repr(item).lower()


def test_a_file_may_hold_one_resource_a_line_and_other_resources_between(read):
    items = read(resource(), PATIENT, resource(id="r2", status="preliminary"), {"resourceType": "DiagnosticReport"})
    assert [item.message and item.message.status for item in items] == ["final", "preliminary", None]
    assert json.loads(items[2].content) == {"resourceType": "DiagnosticReport"}


def test_every_version_in_a_bundle_is_a_report(read):
    history = bundle(resource(status="amended"), resource(), PATIENT)
    assert [item.message.status for item in read(history)] == ["corrected", "final"]


def test_a_line_that_is_no_resource_is_refused_by_itself(read, tmp_path):
    file = tmp_path / "x.json"
    file.write_text(json.dumps(resource()) + '\n{"resourceType": \n' + json.dumps(resource(id="r2")))
    good, broken, other = reports_in(file, Kind.FHIR)
    assert good.message and other.message
    assert broken.content == b'{"resourceType": \n'
    assert broken.refusal.reason is Reason.BAD_REPORT


@pytest.mark.parametrize(
    ("word", "status"),
    [
        ("registered", "preliminary"), ("partial", "preliminary"), ("preliminary", "preliminary"), ("final", "final"),
        ("modified", "corrected"), ("amended", "corrected"), ("corrected", "corrected"), ("appended", "corrected"),
        ("cancelled", "withdrawn"), ("entered-in-error", "withdrawn"),
    ],
)  # fmt: skip
def test_each_status_of_the_standard_is_known(report, word, status):
    assert report(status=word).status == status


def observation(number: str, text: str, code: str = "59776-5") -> dict:
    return {"resourceType": "Observation", "id": number, "code": {"coding": [{"code": code}]}, "valueString": text}


@pytest.mark.parametrize(
    ("changes", "findings", "impression"),
    [
        ({"presentedForm": [form("<p>Findings:<br/>Größe normal.</p><script>x</script>IMPRESSION: OK", "text/html")]},
         "Größe normal.", "OK"),
        ({"presentedForm": [form("Größe normal.", "text/plain; charset=iso-8859-1", "latin-1")]}, "Größe normal.", ""),
        ({"presentedForm": [form("Opacity.")], "conclusion": "Pneumonia."}, "Opacity.", "Pneumonia."),
        ({"presentedForm": [form("x", "application/pdf")], "conclusion": "Pneumonia."}, "", "Pneumonia."),
        ({"presentedForm": None, "text": {"status": "generated", "div": "<div><p>Opacity.</p></div>"}}, "Opacity.", ""),
        ({"presentedForm": None, "result": [{"reference": "#1"}, {"reference": "#2"}, {"reference": "#3"}],
          "contained": [observation("1", "Opacity."), observation("2", "Pneumonia.", "19005-8"),
                        observation("3", "Cough.", "11329-0")]}, "Opacity.", "Pneumonia."),
    ],
)  # fmt: skip
def test_the_text_is_found_wherever_it_lies(report, changes, findings, impression):
    sections = report(**changes).sections
    assert (sections.findings, sections.impression) == (findings, impression)


@pytest.mark.parametrize(
    "changes",
    [
        {"identifier": None, "basedOn": [{"identifier": {"type": {"coding": [{"code": "ACSN"}]}, "value": "ACC1"}}]},
        {"identifier": [{"system": "urn:hospital:accession", "value": "ACC1"}]},
        {"identifier": None, "basedOn": [{"reference": "#o"}],
         "contained": [{"resourceType": "ServiceRequest", "id": "o",
                        "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": "ACC1"}]}]},
    ],
)  # fmt: skip
def test_the_accession_number_is_found_in_report_or_order(report, changes):
    assert report(**changes).accession == "ACC1"


@pytest.mark.parametrize(
    ("subject", "number"),
    [
        ({"identifier": {"value": "MRN7"}}, "MRN7"),
        ({"reference": "Patient/123/_history/4"}, "123"),
        ({"reference": "https://server/fhir/Patient/123"}, "123"),
    ],
)
def test_the_patient_is_found_in_the_reference_itself(report, subject, number):
    assert report(subject=subject).patient_id == number


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"presentedForm": [form("x", "application/pdf")]}, "embedded or linked document"),
        (
            {"presentedForm": [{"contentType": "text/plain", "url": "https://elsewhere/1"}]},
            "embedded or linked document",
        ),
        ({"presentedForm": None}, "no text"),
        ({"status": None}, "no status"),
        ({"status": "unknown"}, "status of the report"),
        ({"subject": {"reference": "urn:uuid:0"}}, "no patient"),
    ],
)
def test_what_is_no_report_in_words_is_refused(report, changes, sentence):
    with pytest.raises(RefusedInputError, match=sentence):
        report(**changes)


def test_a_file_without_a_report_is_refused(read):
    with pytest.raises(RefusedInputError, match="no DiagnosticReport"):
        read(PATIENT)


@pytest.mark.parametrize("model", [R4B, R5])
def test_what_the_kept_library_writes_is_read(model, tmp_path):
    file = tmp_path / "x.json"
    file.write_text(model.model_validate(resource()).model_dump_json())
    (item,) = reports_in(file, kind_of(file))
    assert (item.message.accession, item.message.sections.impression) == ("ACC1", "Pneumonia.")

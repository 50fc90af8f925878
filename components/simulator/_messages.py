"""Reports as a radiology system sends them: HL7 v2 ORU^R01 messages and rows of a table."""

from datetime import datetime, timedelta

from components.simulator._chance import happens, stream
from components.simulator._headers import StudyFacts
from components.simulator._identities import Person
from components.simulator._words import Status

_STAMP = "%Y%m%d%H%M%S"
_FLOWING = 0.15  # share of reports sent as one formatted text, not line by line
CSV_COLUMNS = (
    "report_id",
    "accession",
    "patient_id",
    "patient_name",
    "date",
    "status",
    "patient_class",
    "radiologist",
    "report",
)


def oru_message(study: StudyFacts, text: str, *, status: Status, at: datetime, control: str) -> str:
    """One ORU^R01 message (HL7 v2.3.1), segments ended by carriage returns.

    OBR-3 holds the report's number, OBR-18 the accession; `at` is when it was sent, `control` the message's number.
    """
    referrer = f"{study.referrer.key[-8:]}^{_name(study.referrer)}^^^DR"
    segments = [
        _header(study, at, control),
        _patient(study),
        _joined("PV1", {1: "1", 2: _patient_class(study), 8: referrer}),
        _examination(study, referrer, status, at),
        *_observations(study, text, status),
    ]
    return "\r".join(segments) + "\r"


def _header(study: StudyFacts, at: datetime, control: str) -> str:
    hospital = escaped(study.hospital.name)
    fields = {2: "^~\\&", 3: "RIS", 4: hospital, 5: "RADLOOP", 6: "RADLOOP", 7: at.strftime(_STAMP)}
    return _joined("MSH", {**fields, 9: "ORU^R01", 10: control, 11: "P", 12: "2.3.1", 18: "8859/1"})


def _patient(study: StudyFacts) -> str:
    patient, hospital = study.patient, study.hospital
    return _joined(
        "PID",
        {
            1: "1",
            3: f"{patient.patient_id}^^^{hospital.key.upper()}^MR~{patient.other_id}^^^OLD^PI",
            5: _name(patient),
            7: patient.birth_date.strftime("%Y%m%d"),
            8: patient.sex,
            11: f"{escaped(patient.street)}^^{escaped(patient.city)}",
            13: f"{patient.phone}^PRN^PH^{patient.email}",
        },
    )


def _examination(study: StudyFacts, referrer: str, status: Status, at: datetime) -> str:
    return _joined(
        "OBR",
        {
            1: "1",
            2: study.order,
            3: study.report_id,
            4: "71046^XR CHEST 2 VIEWS^C4" if len(study.views) > 1 else "71045^XR CHEST 1 VIEW^C4",
            7: study.when.strftime(_STAMP),
            13: escaped(study.indication),
            16: referrer,
            18: study.accession,
            22: at.strftime(_STAMP),
            24: study.vendor.modality,
            25: status,
            32: f"{study.radiologist.key[-8:]}^{_name(study.radiologist)}",
        },
    )


def _observations(study: StudyFacts, text: str, status: Status) -> list[str]:
    """The report line by line (TX), or now and then as one formatted text (FT)."""
    lines = [escaped(line) for line in text.split("\n")]
    flowing = happens(stream(study.study_uid, "layout"), _FLOWING)
    kind, contents = ("FT", ["\\.br\\".join(lines)]) if flowing else ("TX", lines)
    ends = {11: status, 14: study.when.strftime(_STAMP)}
    return [
        _joined("OBX", {1: str(number), 2: kind, 3: "GDT^REPORT TEXT", 5: content, **ends})
        for number, content in enumerate(contents, 1)
    ]


def _patient_class(study: StudyFacts) -> str:
    """By HL7's table 0004; who is examined in bed is an inpatient."""
    return "I" if study.portable else "O"


def _name(person: Person) -> str:
    return f"{person.family.upper()}^{person.given.upper()}"


def csv_row(study: StudyFacts, text: str) -> dict[str, str]:
    """The report as a row of reports.csv."""
    patient = study.patient
    return {
        "report_id": study.report_id,
        "accession": study.accession,
        "patient_id": patient.patient_id,
        "patient_name": f"{patient.family}, {patient.given}",
        "date": (study.when + timedelta(hours=2)).date().isoformat(),
        "status": Status.FINAL,
        "patient_class": _patient_class(study),
        "radiologist": study.radiologist.spoken,
        "report": text,
    }


def escaped(text: str) -> str:
    """HL7's own signs within text as escape sequences (v2.3.1, 2.9)."""
    for sign, escape in (("\\", "\\E\\"), ("|", "\\F\\"), ("^", "\\S\\"), ("&", "\\T\\"), ("~", "\\R\\")):
        text = text.replace(sign, escape)
    return text


def _joined(name: str, fields: dict[int, str]) -> str:
    first = 2 if name == "MSH" else 1  # MSH-1 is the separator itself
    return "|".join([name, *(fields.get(number, "") for number in range(first, max(fields) + 1))])

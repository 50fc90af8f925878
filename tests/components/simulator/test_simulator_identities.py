"""The markers of invented identities: rare, unique, listed, and really in the export."""

import csv
from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from components.simulator._identities import patient_of


def listed(folder):
    with (folder / "identities.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_marker_is_long_and_belongs_to_one_person(hospital, other_hospital):
    rows = listed(hospital) + listed(other_hospital)
    assert max(Counter(row["marker"] for row in rows).values()) == 1
    assert all(len(row["marker"]) >= 10 for row in rows)
    assert not {row["marker"] for row in listed(hospital)} & {row["marker"] for row in listed(other_hospital)}


def test_every_kind_of_marker_is_listed(hospital):
    assert {row["kind"] for row in listed(hospital)} == {
        *("family_name", "given_name", "phone", "patient_id", "other_id", "street", "city", "email"),
        *("accession", "order", "report_id", "study_uid", "series_uid", "sop_uid"),
        *("institution", "device_serial", "station"),
    }


def test_patients_and_their_numbers_are_really_in_the_export(hospital):
    everything = b"\n".join(
        path.read_bytes() for path in hospital.rglob("*") if path.is_file() and path.name != "identities.csv"
    ).lower()
    for row in listed(hospital):
        if row["role"] in {"patient", "study"}:
            assert row["marker"].lower().encode() in everything, row["kind"]


def test_folders_and_file_names_name_patients_as_in_real_exports(hospital):
    markers = {row["marker"] for row in listed(hospital)}
    for path in hospital.rglob("*.dcm"):
        assert {path.parent.name, path.parent.parent.name} <= markers
    assert all(path.name.split("_")[1] in markers for path in hospital.rglob("*.hl7"))


@given(st.integers(0, 10**6))
def test_a_patient_is_the_same_for_the_same_key(number):
    assert patient_of("x", number) == patient_of("x", number)
    assert patient_of("x", number).patient_id != patient_of("x", number + 1).patient_id


def test_names_hold_letters_that_no_hexadecimal_text_has():
    for number in range(200):
        patient = patient_of("names", number)
        assert all(name.startswith("Qz") and name.isalpha() for name in (patient.family, patient.given))
        assert len(patient.phone) <= 16  # SH

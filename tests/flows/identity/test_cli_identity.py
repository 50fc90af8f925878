"""Holds `radloop reidentify` and `radloop key` from outside: a look leaves its trace, a rotation loses nobody."""

import json
from collections.abc import Callable

import pydicom
from taken_in_home import REASON, Home

from components.catalog import Catalog
from components.deidentify import open_identities
from components.promotion import Ledger


def test_a_look_behind_a_pseudonym_is_in_the_ledger_before_the_answer(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    ds = pydicom.dcmread(home.files_of_patient()[0], stop_before_pixels=True)
    with open_identities(home.settings) as identities:
        names = identities.pseudonymiser
        asked = {
            home.pseudonym: ("patient", home.patient_id),
            names.uid(ds.StudyInstanceUID): ("study", ds.StudyInstanceUID),
            names.uid(ds.SOPInstanceUID): ("image", ds.SOPInstanceUID),
            names.accession(ds.AccessionNumber): ("accession", ds.AccessionNumber),
        }
    for pseudonym, (kind, original) in asked.items():
        code, out, _ = radloop("reidentify", pseudonym, "--reason", f"urgent finding, call about {original}", "--json")
        assert (code, json.loads(out)) == (0, {"pseudonym": pseudonym, "kind": kind, "original": original})
    code, out, err = radloop("reidentify", "P0123456789abcdef", "--reason", "urgent")
    assert (code, out) == (1, "")
    assert "No original is kept" in err
    entries = Ledger(home.settings.ledger).entries()
    assert [entry.body["pseudonym"] for entry in entries] == [*asked, "P0123456789abcdef"]
    assert all(entry.body["by"] and entry.body["reason"] for entry in entries)
    kept = home.settings.ledger.read_text()
    assert not [original for _, original in asked.values() if original in kept]


def test_a_ledger_that_cannot_be_written_gives_no_answer(
    home: Home, radloop: Callable[..., tuple[int, str, str]]
) -> None:
    home.settings.ledger.mkdir()
    code, out, err = radloop("reidentify", home.pseudonym, "--reason", "urgent")
    assert (code, out) == (1, "")
    assert "ledger cannot be opened" in err


def test_after_a_rotation_everything_is_known_again(home: Home, radloop: Callable[..., tuple[int, str, str]]) -> None:
    radloop("forget", "--yes", "--reason", REASON, typed="QZ-NEVER-SEEN\n")
    before = home.state()
    for _ in range(2):
        code, out, _ = radloop("key", "rotate", "--reason", "yearly")
        assert (code, "replaces" in out) == (0, True)
    with open_identities(home.settings) as identities:
        assert identities.pseudonymiser.patient(home.patient_id) == home.pseudonym
        gone = identities.pseudonymiser.patient("QZ-NEVER-SEEN")
    with Catalog.open(home.settings.catalog.get_secret_value()) as catalog:
        assert catalog.withdrawn("local") == {gone}, "who withdrew is known after a rotation too"
    again = home.ingest(home.export)
    assert (again.accepted, again.waiting, again.quarantined) == (0, 0, {})
    assert home.state() == before
    ds = pydicom.dcmread(home.files_of_patient()[0])
    late = home.path.parent / "late.dcm"
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{ds.SOPInstanceUID[:60]}.9"
    ds.save_as(late)
    assert home.ingest(late).accepted == 1
    series = {pydicom.dcmread(file).SeriesInstanceUID for file in home.stored_in_study_of(ds)}
    assert len(series) == 1, "an image that came after the rotation lies in the series of those before"
    states = [entry.body["state"] for entry in Ledger(home.settings.ledger).entries()[2:]]
    assert states == ["begun", "done"] * 2
    code, out, _ = radloop("key", "check", "--json")
    assert json.loads(out)["rotations"] == 2


def test_an_ingest_keeps_rotation_and_forgetting_away(home: Home, radloop: Callable[..., tuple[int, str, str]]) -> None:
    with open_identities(home.settings):
        for words in (["key", "rotate"], ["forget", home.pseudonym, "--yes"]):
            code, _, err = radloop(*words, "--reason", REASON)
            assert (code, "uses identities" in err) == (1, True)

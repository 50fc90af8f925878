"""Intake as a whole: studies and reports meet, a second run adds nothing, nothing is lost and nobody is named."""

import errno
import json
import logging
import stat
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from upath import UPath

from components.catalog import Catalog
from components.errors import StorageError
from components.intake import Reason
from components.intake import _shelf as shelf

MARKERS = (b"qzfamily", b"qzgiven", b"qzpid", b"qzreferrer", b"qzreader", b"acc778899", b"qzhospital", b"1.2.3.4.5")


def write(path: Path, text: str) -> Path:
    path.write_bytes(text.encode("latin-1"))
    return path


def adds_up(result) -> bool:
    figures = result.as_json()
    total = figures["accepted"] + figures["duplicates"] + figures["waiting"] + sum(figures["quarantined"].values())
    return figures["received"] == result.received == total


def test_a_study_and_its_report_are_accepted_and_matched(hospital, put_image, message):
    put_image()
    put_image("lateral.dcm", SOPInstanceUID="1.2.3.4.6", ViewPosition="LL")
    write(hospital.inbox / "report.hl7", message())
    result = hospital.ingest()
    assert result.as_json() == {"received": 3, "accepted": 3, "duplicates": 0, "waiting": 0, "quarantined": {}}
    (study,) = hospital.catalog.studies("local").to_dict("records")
    (report,) = hospital.catalog.reports("local").to_dict("records")
    images = hospital.catalog.images("local").sort_values("view").to_dict("records")
    assert study["report"] == report["report"]
    assert (study["age"], study["sex"], study["modality"], study["manufacturer"]) == (53, "F", "CR", "Agfa")
    assert study["date"] == report["date"]
    assert report["findings"] == "The lungs are clear. Mr. [NAME] is well."
    assert report["impression"] == "No acute disease.\nDictated by Dr. [NAME]"
    assert [image["view"] for image in images] == ["LATERAL", "PA"]
    assert all((image["rows"], image["columns"]) == (64, 48) for image in images)


def test_what_is_stored_is_the_deidentified_file_and_the_models_input(hospital, put_image):
    put_image()
    hospital.ingest()
    (image,) = hospital.catalog.images().to_dict("records")
    (study,) = hospital.catalog.studies().to_dict("records")
    assert image["dicom_key"] == f"dicom/{study['patient']}/{study['study']}/{image['image']}.dcm"
    stored = pydicom.dcmread(hospital.store / image["dicom_key"])
    assert stored.PatientIdentityRemoved == "YES"
    assert stored.SOPInstanceUID == image["image"]
    assert pydicom.pixels.pixel_array(stored)[0, 5] == 5
    picture = np.asarray(Image.open(hospital.store / image["input_key"]))
    assert picture.shape == (64, 64)
    assert picture.dtype == np.uint8


def test_an_object_store_gets_the_same_files(hospital, put_image):
    put_image()
    hospital.ingest()
    store = UPath("memory://a-store")
    with Catalog.open(f"sqlite:///{hospital.home / 'other.db'}") as catalog:
        hospital.ingest(store=store, catalog=catalog)
    files = [file.relative_to(hospital.store) for file in hospital.store.rglob("*") if file.is_file()]
    assert len(files) == 2
    assert all((store / str(file)).read_bytes() == (hospital.store / file).read_bytes() for file in files)


def test_a_window_that_shows_nothing_is_in_the_log(hospital, put_image, caplog):
    caplog.set_level(logging.INFO, logger="components.intake")
    put_image(WindowCenter="60000", WindowWidth="1")
    hospital.ingest()
    (image,) = hospital.catalog.images()["image"]
    assert f"Image {image}: window_passed_over." in caplog.text


def test_nobody_is_named_downstream_nor_in_a_log_line(hospital, put_image, message, caplog):
    caplog.set_level(logging.DEBUG)
    put_image("QZFAMILY_ACC778899.dcm")
    put_image("ct.dcm", Modality="CT", PatientName="QZFAMILY^CT")
    write(hospital.inbox / "QZPID12345.hl7", message() + message("", accession="ACC1"))
    hospital.ingest()
    left = hospital.downstream().lower()
    said = caplog.text.lower().encode()
    assert not [marker for marker in MARKERS if marker in left or marker in said]
    assert hospital.crosswalk.lookup("patient", hospital.pseudonymiser.patient("QZPID12345")) == "QZPID12345"
    assert hospital.crosswalk.lookup("accession", hospital.pseudonymiser.accession("ACC778899")) == "ACC778899"


def test_a_second_run_adds_nothing(hospital, put_image, message):
    put_image()
    put_image("ct.dcm", Modality="CT")
    write(hospital.inbox / "report.hl7", message())
    write(hospital.inbox / "again.hl7", message())
    first = hospital.ingest()
    files = sorted(file for file in hospital.home.rglob("*") if file.is_file())
    counts = hospital.catalog.counts()
    second = hospital.ingest()
    assert first.as_json() == {
        "received": 4, "accepted": 2, "duplicates": 1, "waiting": 0, "quarantined": {"wrong_modality": 1},
    }  # fmt: skip
    assert second.as_json() == {
        "received": 4, "accepted": 0, "duplicates": 3, "waiting": 0, "quarantined": {"wrong_modality": 1},
    }  # fmt: skip
    assert hospital.catalog.counts() == counts
    assert sorted(file for file in hospital.home.rglob("*") if file.is_file()) == files


def test_halves_wait_for_each_other_in_either_order(hospital, put_image, message):
    report = write(hospital.home / "report.hl7", message())
    assert hospital.ingest(report).as_json()["waiting"] == 1
    image = put_image()
    late = hospital.ingest(image)
    assert (late.accepted, late.waiting) == (1, 0)
    assert hospital.catalog.counts()["waiting"] == 0

    lonely = put_image("lonely.dcm", SOPInstanceUID="1.9.1", StudyInstanceUID="1.9", AccessionNumber="ACC2")
    assert hospital.ingest(lonely).waiting == 1
    write(hospital.home / "late.hl7", message(accession="ACC2"))
    met = hospital.ingest(hospital.home / "late.hl7")
    assert (met.accepted, met.waiting) == (1, 0)
    assert hospital.catalog.studies()["report"].notna().all()


def test_a_report_cleaned_with_other_names_known_is_still_the_same_report(hospital, put_image, message):
    text = "FINDINGS: Clear, says Qzreferrer.~IMPRESSION: None."
    only_csv = write(
        hospital.home / "reports.csv",
        "report_id,accession,patient_id,date,status,report\n"
        'R1,ACC778899,QZPID12345,2023-05-10,F,"Clear, says Qzreferrer."\n',
    )
    put_image()
    first = hospital.ingest(hospital.inbox, only_csv)
    assert hospital.catalog.reports()["findings"].tolist() == ["Clear, says [NAME]."], "the header named them"
    again = hospital.ingest(only_csv)
    assert first.accepted == 2
    assert (again.duplicates, again.accepted) == (1, 0)
    assert len(hospital.catalog.reports()) == 1
    assert text


def test_versions_of_a_report_are_kept_and_the_corrected_one_counts(hospital, put_image, message):
    put_image()
    write(hospital.inbox / "1.hl7", message("FINDINGS: Opacity.", status="P"))
    write(
        hospital.inbox / "2.hl7", message("FINDINGS: No opacity.", status="C") + message("FINDINGS: Dark.", status="F")
    )
    result = hospital.ingest()
    reports = hospital.catalog.reports()
    assert result.accepted == 4
    assert sorted(reports["status"]) == ["corrected", "final", "preliminary"]
    assert reports["report"].nunique() == 1


def test_every_kind_of_refusal_is_in_quarantine_with_its_reason(hospital, put_image, message):
    put_image("good.dcm")
    whole = put_image("cut.dcm", SOPInstanceUID="1.2.3.4.9").read_bytes()
    (hospital.inbox / "cut.dcm").write_bytes(whole[:-500])
    put_image("ct", Modality="CT")
    put_image("knee.dcm", BodyPartExamined="KNEE", StudyDescription="Knee")
    put_image("empty_of_pixels.dcm", PixelData=None)
    put_image("colour.dcm", SamplesPerPixel=3, PhotometricInterpretation="RGB", SOPInstanceUID="1.3")
    put_image("burned.dcm", BurnedInAnnotation="YES")
    put_image("nameless.dcm", StudyInstanceUID=None)
    put_image("moved.dcm", StudyInstanceUID="1.7", SOPInstanceUID="1.7.1", PatientID="SOMEBODY")
    write(hospital.inbox / "page.dcm", "<html>no picture</html>")
    (hospital.inbox / "nothing").write_bytes(b"")
    write(hospital.inbox / "adt.hl7", message(kind="ADT^A01"))
    write(hospital.inbox / "nobody.hl7", message(patient=""))
    write(hospital.inbox / "table.csv", "report_id,patient_id,report\nR9,,text\n")
    result = hospital.ingest()
    expected = {
        "truncated": 1, "wrong_modality": 1, "not_chest": 1, "no_pixels": 1, "colour": 1, "burned_in_text": 1,
        "bad_header": 1, "not_dicom": 2, "bad_report": 3,
    }  # fmt: skip
    assert dict(result.quarantined) == expected
    assert result.received == 14
    assert adds_up(result)
    for reason, count in expected.items():
        folder = hospital.quarantine / reason
        notes = [json.loads(note.read_text()) for note in folder.glob("*.json")]
        kept = [file for file in folder.iterdir() if file.suffix != ".json"]
        assert len(notes) == len(kept) == count, reason
        assert all(note["reason"] == reason and note["sentence"].endswith(".") for note in notes)
        assert not any("QZ" in json.dumps(note).upper() for note in notes)
        assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in folder.iterdir())
    assert stat.S_IMODE(hospital.quarantine.stat().st_mode) == 0o700
    assert {Reason(reason) for reason in expected}


def test_a_study_that_comes_again_for_another_patient_is_a_conflict(hospital, put_image, message):
    put_image()
    write(hospital.inbox / "report.hl7", message())
    hospital.ingest()
    stored = [file for file in sorted(hospital.store.rglob("*")) if file.is_file()]
    put_image("other.dcm", SOPInstanceUID="1.2.3.4.7", PatientID="SOMEBODY ELSE")
    write(hospital.inbox / "other.hl7", message(patient="SOMEBODY ELSE"))
    result = hospital.ingest()
    assert dict(result.quarantined) == {"conflict": 2}
    assert result.duplicates == 2
    assert [file for file in sorted(hospital.store.rglob("*")) if file.is_file()] == stored


def test_an_instance_that_is_known_is_a_duplicate_whatever_else_its_file_says(hospital, put_image):
    put_image()
    hospital.ingest()
    other = put_image("other.dcm", StudyInstanceUID="1.8")
    assert hospital.ingest(other).duplicates == 1


def test_too_large_files_are_not_read_nor_copied(hospital, put_image):
    put_image()
    result = hospital.ingest(max_bytes=1000)
    assert dict(result.quarantined) == {"too_large": 1}
    (note,) = (hospital.quarantine / "too_large").iterdir()
    assert json.loads(note.read_text())["copied"] is False
    assert note.suffix == ".json"


def test_a_table_of_reports_is_read_however_large_it_is(hospital):
    write(hospital.inbox / "reports.csv", "report_id,patient_id,report\nR1,P1,Clear.\n")
    assert hospital.ingest(max_bytes=10).waiting == 1


def test_files_are_told_apart_by_content_not_by_name(hospital, put_image, message):
    put_image("report.hl7")
    write(hospital.inbox / "picture.dcm", message())
    write(hospital.inbox / "page.csv", "a,b\n1,2\n")
    bare = put_image("bare", SOPInstanceUID="1.2.3.4.8")
    bare.write_bytes(bare.read_bytes()[132:])
    result = hospital.ingest()
    assert result.accepted == 3
    assert dict(result.quarantined) == {"not_dicom": 1}


def test_a_full_disk_ends_the_run_with_one_clear_line(hospital, put_image, monkeypatch):
    put_image()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/secret/QZFAMILY")

    monkeypatch.setattr(shelf, "write_synced", full)
    with pytest.raises(StorageError, match="no space left") as error:
        hospital.ingest()
    assert "QZ" not in str(error.value)
    monkeypatch.undo()
    assert hospital.ingest().received == 1, "and the next run completes"
    assert hospital.catalog.counts()["images"] == 1


def test_a_missing_source_is_said_without_its_path(hospital):
    with pytest.raises(StorageError, match="Source 1 of 1") as error:
        hospital.ingest(Path("/nowhere/QZFAMILY"))
    assert "QZ" not in str(error.value)


def test_what_cannot_be_opened_is_noted_and_the_run_goes_on(hospital, put_image):
    put_image()
    (hospital.inbox / "gone.dcm").symlink_to(hospital.home / "nowhere")
    result = hospital.ingest()
    assert dict(result.quarantined) == {"unreadable_file": 1}
    assert result.waiting == 1
    assert adds_up(result)


def test_quarantine_and_links_to_folders_are_passed_over(hospital, put_image):
    put_image("ct.dcm", Modality="CT")
    (hospital.inbox / "loop").symlink_to(hospital.inbox, target_is_directory=True)
    inside = hospital.inbox / "quarantine"
    for _ in range(2):
        assert hospital.ingest(quarantine=inside).received == 1


def test_progress_reaches_its_end(hospital, put_image, message):
    put_image()
    write(hospital.inbox / "a.hl7", message())
    write(hospital.inbox / "b.bin", "x")
    told: list[tuple[int, int]] = []
    hospital.ingest(progress=lambda done, total: told.append((done, total)))
    assert told == [(1, 3), (2, 3), (3, 3)]


def test_hostile_files_all_end_in_quarantine(hospital, shared_data):
    folder = shared_data / "dicom" / "hostile"
    files = list(folder.iterdir())
    result = hospital.ingest(folder)
    assert sum(result.quarantined.values()) == result.received == len(files)
    assert not list(hospital.store.iterdir())
    assert set(result.quarantined) <= {reason.value for reason in Reason}
    where = {file.stem: file.parent.name for file in hospital.quarantine.rglob("*.*") if file.suffix != ".json"}
    assert len(where) == len({file.read_bytes() for file in files})


def test_real_radiographs_come_in(hospital, shared_data):
    result = hospital.ingest(shared_data / "dicom" / "chest")
    assert (result.waiting, result.duplicates, dict(result.quarantined)) == (6, 1, {}), "two files are one instance"
    views = hospital.catalog.images()["view"].value_counts().to_dict()
    assert views == {"PA": 3, "UNKNOWN": 2, "AP": 1}

"""By processes of Ray's the same comes out as here; a decoder's crash costs one file, and memory stays bounded."""

import json
import shutil
import zipfile
import zlib

import crashing_decoder
import numpy as np
import pydicom
import pytest
from crashing_decoder import prepared_or_crashed
from process_ingest import NOW, Home, start
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
    RLELossless,
)

from components.cluster import ray_session
from components.intake import _taking, deidentify_folder
from components.settings import DeidentifySettings

HEADROOM = 400 << 20


def put_hospital(put_image, message, hospital, *, studies):
    """Studies of one image and one report each."""
    for number in range(studies):
        names = {"StudyInstanceUID": f"1.5.{number}", "SOPInstanceUID": f"1.6.{number}"}
        put_image(f"{number}.dcm", **names, AccessionNumber=f"ACC{number:06}", PatientID=f"QZPID{number:06}")
        text = message(accession=f"ACC{number:06}", patient=f"QZPID{number:06}")
        (hospital.inbox / f"{number}.hl7").write_text(text)


@pytest.mark.slow
def test_two_processes_make_what_one_makes_and_a_crash_costs_one_file(
    hospital, put_image, message, monkeypatch, tmp_path
):
    put_hospital(put_image, message, hospital, studies=8)
    alone = hospital.ingest()
    put_image("crash.dcm", SOPInstanceUID="1.7.1")
    put_image("ct.dcm", Modality="CT", SOPInstanceUID="1.7.2")
    monkeypatch.setattr(_taking, "prepared", prepared_or_crashed)
    home = Home(tmp_path / "other", f"sqlite:///{tmp_path}/other.db")
    with ray_session(cpus=2):
        from ray import cloudpickle

        cloudpickle.register_pickle_by_value(crashing_decoder)  # other processes do not find the tests' modules
        result = home.ingest(hospital.inbox, workers=2)
        copies = deidentify_folder(
            hospital.inbox,
            tmp_path / "copies",
            pseudonymiser=hospital.pseudonymiser,
            settings=DeidentifySettings(),
            workers=2,
        )
    assert dict(result.quarantined) == {"decoder_crash": 1, "wrong_modality": 1}
    assert result.accepted == alone.accepted == 16
    (note,) = (home.folder / "quarantine" / "decoder_crash").glob("*.json")
    assert "ended abruptly" in json.loads(note.read_text())["sentence"]
    for file in [*hospital.store.rglob("*.dcm"), *hospital.store.rglob("*.png")]:
        assert file.read_bytes() == (home.folder / "store" / file.relative_to(hospital.store)).read_bytes()
    assert (copies.written, copies.refused) == (10, 8)


def test_after_a_run_that_was_ended_the_next_one_works_in_another_process(hospital, put_image, monkeypatch):
    put_image()
    asked = []
    monkeypatch.setattr(_taking, "in_order", lambda *_, workers, **__: asked.append(workers) or iter(()))
    hospital.ingest(workers=None)
    (hospital.quarantine / ".run-0123").mkdir(parents=True)
    (hospital.quarantine / ".run-0123" / "half").write_text("QZFAMILY")
    hospital.ingest(workers=None)
    hospital.ingest(workers=None)
    assert asked == [0, 1, 0]
    assert not list(hospital.quarantine.iterdir()), "what it left is gone"


def test_another_picture_under_a_known_number_is_a_conflict_whichever_run_it_comes_in(hospital, put_image, radiograph):
    put_image("a.dcm")
    other = (np.arange(64 * 48, dtype="<u2") * 7 % 4096).tobytes()
    put_image("b.dcm", PixelData=other)
    for _ in range(2):
        result = hospital.ingest()
        assert (result.waiting + result.duplicates, dict(result.quarantined)) == (1, {"conflict": 1})
    (image,) = hospital.catalog.images().to_dict("records")
    assert pydicom.dcmread(hospital.store / image["dicom_key"]).PixelData == radiograph().PixelData


def test_the_same_picture_in_another_encoding_is_a_duplicate(hospital, put_image):
    first = put_image()
    hospital.ingest()
    ds = pydicom.dcmread(first)
    ds.compress(RLELossless, generate_instance_uid=False)
    ds.InstitutionName = "QZHOSPITAL"
    ds.save_as(hospital.home / "again.dcm")
    assert hospital.ingest(hospital.home / "again.dcm").duplicates == 1


def test_a_bomb_and_a_gigabyte_in_a_private_element_fit_into_little_memory(hospital, put_image, radiograph):
    ds = radiograph(SOPInstanceUID="1.8.1")
    ds.private_block(0x7FE1, "MAKER", create=True).add_new(1, "OB", b"--------")
    put_image("plain.dcm", SOPInstanceUID="1.8.2")
    huge = hospital.inbox / "huge.dcm"
    pydicom.dcmwrite(huge, ds, enforce_file_format=True)
    head = huge.read_bytes()
    with huge.open("r+b") as file:  # a sparse file: the gigabyte takes no room on the disk
        file.seek(head.index(b"--------") - 4)
        file.write((1_000_000_000).to_bytes(4, "little"))
        file.truncate(head.index(b"--------") + 1_000_000_000)
    bomb = radiograph(SOPInstanceUID="1.8.3")
    bomb.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    path = put_image("bomb.dcm", SOPInstanceUID="1.8.3")
    pydicom.dcmwrite(path, bomb, enforce_file_format=True)
    start_of = 144 + int.from_bytes(path.read_bytes()[140:144], "little")
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    with path.open("r+b") as file:
        file.seek(start_of)
        for _ in range(40):
            file.write(packer.compress(bytes(50 << 20)))
        file.write(packer.flush())
    home = Home(hospital.home / "other", f"sqlite:///{hospital.home}/other.db")
    process = start(home, hospital.inbox, headroom=HEADROOM)
    process.join()
    assert process.exitcode == 0
    assert [folder.name for folder in (home.folder / "quarantine").iterdir()] == ["too_large"]
    assert len(list((home.folder / "store").rglob("*.dcm"))) == 2
    copies = deidentify_folder(
        hospital.inbox, hospital.home / "copies", pseudonymiser=hospital.pseudonymiser, settings=DeidentifySettings()
    )
    assert (copies.written, copies.refused) == (2, 1)


@pytest.mark.slow
def test_four_times_the_studies_take_no_more_memory(hospital, put_image, message):
    put_hospital(put_image, message, hospital, studies=400)
    sizes = Home(hospital.home / "other", f"sqlite:///{hospital.home}/other.db").memory_of(hospital.inbox)
    early, late = max(sizes[100:200]), max(sizes[-200:])
    assert len(sizes) == 800
    assert late - early < 12 << 20


def test_the_inbox_is_emptied_of_what_was_taken_and_of_nothing_else(hospital, put_image, message, tmp_path):
    put_image("kept/one.dcm")
    put_image("ct.dcm", Modality="CT", SOPInstanceUID="1.9.1")
    lateral = put_image("lateral.dcm", SOPInstanceUID="1.9.2", ViewPosition="LL")
    with zipfile.ZipFile(hospital.inbox / "disc.zip", "w") as disc:
        disc.write(lateral, "QZFAMILY/lateral.dcm")
        disc.writestr("report.hl7", message())
    lateral.unlink()
    _write_directory(hospital.inbox / "cd")
    elsewhere = shutil.copytree(hospital.inbox, tmp_path / "elsewhere")
    before = sorted(file.name for file in elsewhere.rglob("*"))
    result = hospital.ingest(hospital.inbox, elsewhere, inbox=hospital.inbox)
    assert (result.accepted, result.duplicates, dict(result.quarantined)) == (3, 3, {"wrong_modality": 2})
    assert not [file for file in hospital.inbox.rglob("*") if file.is_file()]
    assert sorted(file.name for file in elsewhere.rglob("*")) == before
    kept = [file for file in hospital.quarantine.rglob("*") if file.is_file()]
    assert sorted(file.suffix for file in kept) == [".dcm", ".json"]


def _write_directory(folder):
    """The directory of DICOM media, as it stands beside the files that it lists."""
    folder.mkdir()
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = MediaStorageDirectoryStorage, "1.9.9"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    listed = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    listed.PatientName = "QZFAMILY"
    pydicom.dcmwrite(folder / "DICOMDIR", listed, enforce_file_format=True)


def test_a_broken_zip_file_too_large_for_quarantine_stays_in_the_inbox(hospital):
    path = hospital.inbox / "disc.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    result = hospital.ingest(inbox=hospital.inbox, max_bytes=50)
    assert dict(result.quarantined) == {"truncated": 1}
    assert path.exists(), "nothing else holds it"
    hospital.ingest(inbox=hospital.inbox)
    assert not path.exists()


def test_nothing_of_a_patient_who_withdrew_is_kept(hospital, put_image, message):
    hospital.catalog.withdraw(hospital.pseudonymiser.patient("QZPID12345"), site="local", now=NOW)
    put_image()
    put_image("ct.dcm", Modality="CT")
    cut = put_image("cut.dcm", SOPInstanceUID="1.9.2")
    cut.write_bytes(cut.read_bytes()[:-500])
    put_image("other.dcm", PatientID="QZPID2", StudyInstanceUID="1.9", SOPInstanceUID="1.9.1", AccessionNumber="ACC9")
    (hospital.inbox / "a.hl7").write_text(message())
    (hospital.inbox / "empty.hl7").write_text(message(""))
    result = hospital.ingest(inbox=hospital.inbox)
    assert (result.waiting, dict(result.quarantined)) == (1, {"withdrawn": 5})
    assert not [file for place in (hospital.quarantine, hospital.inbox) for file in place.rglob("*") if file.is_file()]
    assert len(list(hospital.store.rglob("*.dcm"))) == 1
    assert not list(hospital.crosswalk.entries(hospital.pseudonymiser.patient("QZPID12345")))

"""De-identified copies of a folder: the record says what was done to each file, and names nobody."""

import csv

import pydicom
import pytest

from components.errors import StorageError
from components.intake import deidentify_folder
from components.settings import DeidentifySettings


@pytest.fixture
def copied(hospital):
    """What `deidentify_folder` makes of the inbox: its result, and the rows of its record."""

    def run(source=None):
        out = hospital.home / "out"
        result = deidentify_folder(
            source or hospital.inbox, out, pseudonymiser=hospital.pseudonymiser, settings=DeidentifySettings()
        )
        with (out / "deidentified.csv").open(newline="") as file:
            return result, list(csv.DictReader(file))

    return run


def test_every_file_is_copied_or_has_its_sentence(hospital, put_image, copied):
    put_image("QZFAMILY.dcm", ImageComments="of Qzgiven", KVP="125")
    put_image("burned.dcm", BurnedInAnnotation="YES")
    (hospital.inbox / "page.html").write_text("<html>")
    (hospital.inbox / "gone.dcm").symlink_to(hospital.home / "nowhere")
    result, rows = copied()
    assert (result.written, result.refused) == (1, 3)
    (good,) = [row for row in rows if row["copy"]]
    copy = pydicom.dcmread(hospital.home / "out" / good["copy"])
    assert copy.PatientIdentityRemoved == "YES"
    assert copy.KVP == 125
    assert int(good["kept"]) > 10
    assert int(good["replaced"]) >= 7
    assert int(good["removed"]) >= 1
    assert all(row["refused"].endswith(".") for row in rows if not row["copy"])
    assert b"qz" not in b"".join(
        file.read_bytes().lower() for file in (hospital.home / "out").rglob("*") if file.is_file()
    )


def test_hostile_files_are_copied_or_refused_and_break_nothing(shared_data, copied):
    result, rows = copied(shared_data / "dicom" / "hostile")
    assert result.written + result.refused == len(rows) == 64


def test_a_missing_source_is_said(hospital, copied):
    with pytest.raises(StorageError):
        copied(hospital.home / "nowhere")

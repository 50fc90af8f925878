"""Invented identities round given pictures and texts."""

import csv

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.pixels import apply_voi_lut

from components.errors import ConfigurationError, StorageError
from components.findings import Finding
from components.simulator import write_hospital_from
from components.simulator._given import nih_labels

COLUMNS = ("image", "patient_id", "age", "sex", "view", "nih_labels", "indication", "findings", "impression")
ROWS = [
    ("a.jpg", "7", "61", "M", "PA", "Edema|Effusion", "Cough.", "Effusion on the left.", "Effusion."),
    ("b.jpg", "7", "62", "M", "AP", "No Finding", "", "The lungs are clear.", ""),
]


@pytest.fixture
def given(tmp_path):
    """A table of two studies of one patient, and their pictures."""
    ramp = np.tile(np.linspace(0, 255, 48, dtype=np.uint8), (40, 1))
    for name, picture in (("a.jpg", ramp), ("b.jpg", ramp.T)):
        Image.fromarray(picture).save(tmp_path / name, quality=95)
    with (tmp_path / "studies.csv").open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *ROWS])
    return tmp_path / "studies.csv"


def truth(folder):
    with (folder / "truth.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def shown(ds):
    """The picture that the file shows, 0..1, air dark."""
    picture = apply_voi_lut(ds.pixel_array, ds).astype(float)
    picture = (picture - picture.min()) / np.ptp(picture)
    return 1 - picture if ds.PhotometricInterpretation == "MONOCHROME1" else picture


def test_pictures_texts_and_labels_survive_the_round_trip(given, tmp_path):
    summary = write_hospital_from(given, tmp_path / "out", seed=1, site="local")
    assert (summary.studies, summary.patients, summary.images, summary.reports) == (2, 1, 2, 2)
    for path in (tmp_path / "out").rglob("*.dcm"):
        ds = pydicom.dcmread(path)
        name = "a.jpg" if "PA" in ds.SeriesDescription.split() else "b.jpg"
        original = np.asarray(Image.open(tmp_path / name), float) / 255
        assert np.abs(shown(ds) - original).max() < 0.01
        assert ds.PatientSex == "M"
    first, second = truth(tmp_path / "out")
    assert (first["edema"], first["pleural_effusion"], first["lung_opacity"], first["no_finding"]) == (
        "1",
        "1",
        "1",
        "0",
    )
    assert (first["fracture"], first["support_devices"], second["no_finding"]) == ("", "", "1")
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.suffix in {".hl7", ".csv"})
    assert b"effusion on the left." in written.lower()


def test_a_patient_is_the_same_person_in_every_call(given, tmp_path):
    write_hospital_from(given, tmp_path / "pa", view="PA", seed=1, site="published")
    write_hospital_from(given, tmp_path / "ap", view="AP", seed=1, site="local")
    write_hospital_from(given, tmp_path / "other", view="AP", seed=2, site="local")
    pa, ap, other = (truth(tmp_path / name)[0] for name in ("pa", "ap", "other"))
    assert pa["patient_id"] == ap["patient_id"] != other["patient_id"]
    assert pa["accession"] != ap["accession"]
    births = {
        pydicom.dcmread(path).PatientBirthDate for name in ("pa", "ap") for path in (tmp_path / name).rglob("*.dcm")
    }
    assert len(births) == 1


def test_limit_takes_the_first_and_the_same_bytes_come_again(given, tmp_path):
    seen = []
    for name in ("once", "again"):
        write_hospital_from(
            given, tmp_path / name, limit=1, seed=1, site="local", progress=lambda *counts: seen.append(counts)
        )
    assert seen == [(1, 1), (1, 1)]
    once, again = (
        {str(path.relative_to(tmp_path / name)): path.read_bytes() for path in (tmp_path / name).rglob("*.*")}
        for name in ("once", "again")
    )
    assert once == again


def test_labels_of_nih_become_ours_and_imply_their_parents():
    labels = nih_labels("Pneumonia|Hernia")
    assert labels[Finding.PNEUMONIA] == labels[Finding.CONSOLIDATION] == labels[Finding.LUNG_OPACITY] == 1
    assert labels[Finding.NO_FINDING] == labels[Finding.PNEUMOTHORAX] == 0
    assert Finding.FRACTURE not in labels


def test_what_cannot_be_wrapped_is_refused_with_a_sentence(given, tmp_path):
    with pytest.raises(ConfigurationError, match="must be PA or AP"):
        write_hospital_from(given, tmp_path / "out", view="LATERAL", seed=1, site="local")
    with pytest.raises(StorageError, match="cannot be read"):
        write_hospital_from(tmp_path / "none.csv", tmp_path / "out", seed=1, site="local")
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(StorageError, match="missing or cannot be read"):
        write_hospital_from(given, tmp_path / "out", seed=1, site="local")
    (tmp_path / "bad.csv").write_text("image,view\n")
    with pytest.raises(ConfigurationError, match=r"lacks the column\(s\) patient_id"):
        write_hospital_from(tmp_path / "bad.csv", tmp_path / "out", seed=1, site="local")


def test_real_studies_are_wrapped(shared_data, tmp_path):
    summary = write_hospital_from(shared_data / "studies.csv", tmp_path, view="AP", limit=5, seed=1, site="local")
    assert summary.studies == summary.images == 5
    assert all(pydicom.dcmread(path).pixel_array.shape == (512, 512) for path in tmp_path.rglob("*.dcm"))

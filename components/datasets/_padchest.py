"""PadChest (Bustos et al. 2020) as published: one table, 16-bit PNG files in folders 0 to 54."""

import ast
import re
from functools import partial
from pathlib import Path

from components.catalog import View
from components.datasets._published import (
    LeftOut,
    Listing,
    PublishedImage,
    Row,
    Said,
    age_of,
    find_table,
    first_file,
    listed,
    listing,
    plain_name,
)
from components.deidentify import parse_date
from components.findings import Assertion, Dataset, Finding

_COLUMNS = (
    "ImageID", "ImageDir", "StudyDate_DICOM", "StudyID", "PatientID", "PatientBirth", "PatientSex_DICOM", "Projection",
    "Modality_DICOM", "Manufacturer_DICOM", "PhotometricInterpretation_DICOM", "MethodLabel", "Labels",
)  # fmt: skip
_RELEASE = re.compile(r"160K_(\d\d\.\d\d\.\d\d)")
_VIEWS = {"PA": View.PA, "AP": View.AP, "AP_horizontal": View.AP, "L": View.LATERAL}
_EXCLUDED = "exclude"
_SAYS_NOTHING = frozenset({"unchanged", "suboptimal study"})
_EFFUSION_TOO = frozenset({"hydropneumothorax"})
_MAY_BE_EFFUSION = frozenset({"costophrenic angle blunting"})
_MODALITIES = ("CR", "DX")


def padchest(folder: Path) -> Listing:
    """What the table lists; its authors tell labels by physicians from those by the network that read the rest."""
    table = find_table(folder, "PADCHEST_chest_x_ray_images_labels_160K*.csv")
    release = _RELEASE.search(table.name)
    return listing([table], _COLUMNS, partial(_image, table.parent, release[1] if release else "160K"))


def _image(root: Path, release: str, row: Row) -> PublishedImage | LeftOut:
    projection = row["Projection"].strip()
    if projection not in _VIEWS:
        return LeftOut.OTHER_VIEW if projection else LeftOut.UNKNOWN_VIEW
    assertions = _assertions(row["Labels"])
    if assertions is None:
        return LeftOut.NO_LABELS
    name = plain_name(row["ImageID"])
    file = first_file((root / plain_name(row["ImageDir"] or "0") / name, root / name, root / "images" / name))
    if file is None:
        return LeftOut.MISSING_FILE
    day, birth = parse_date(row["StudyDate_DICOM"]), row["PatientBirth"].strip().removesuffix(".0")
    sex, modality = row["PatientSex_DICOM"].strip(), row["Modality_DICOM"].strip()
    readers = "physicians" if row["MethodLabel"].strip() == "Physician" else ""
    return PublishedImage(
        patient=plain_name(row["PatientID"]),
        study=plain_name(row["StudyID"]),
        image=name,
        file=file,
        view=_VIEWS[projection],
        said=(Said(author=Dataset.PADCHEST.author(release, readers), assertions=assertions),),
        day=day,
        age=age_of(str(day.year - int(birth))) if day and birth else None,
        sex=sex if sex in ("M", "F", "O") else None,
        modality=modality if modality in _MODALITIES else "DX",
        manufacturer=row["Manufacturer_DICOM"].strip() or None,
        inverted=row["PhotometricInterpretation_DICOM"].strip() == "MONOCHROME1",
    )


def _assertions(text: str) -> dict[Finding, Assertion] | None:
    """What a list of labels ("['cardiomegaly', ' pneumonia']") says; None where it says nothing of the picture."""
    if not text.startswith("["):
        return None
    names = {str(name).strip().casefold() for name in ast.literal_eval(text)} - {""}
    if _EXCLUDED in names or names <= _SAYS_NOTHING:
        return None
    said = listed(sorted(names), Dataset.PADCHEST)
    if names & _EFFUSION_TOO:
        said[Finding.PLEURAL_EFFUSION] = Assertion.PRESENT
    if names & _MAY_BE_EFFUSION:
        said.setdefault(Finding.PLEURAL_EFFUSION, Assertion.UNCERTAIN)
    return said

"""NIH ChestX-ray14 (Wang et al. 2017) as published: Data_Entry_2017.csv, images_001/images … (or images), test_list."""

import os
from functools import partial
from pathlib import Path

from components.catalog import Side, View
from components.datasets._published import (
    LeftOut,
    Listing,
    PublishedImage,
    Row,
    Said,
    age_of,
    find_table,
    listed,
    listing,
    places,
    plain_name,
)
from components.errors import StorageError
from components.findings import Dataset

_COLUMNS = ("Image Index", "Finding Labels", "Patient ID", "Patient Age", "View Position")
_SEX = ("Patient Gender", "Patient Sex")  # of the first release, of the corrected one


def nih(folder: Path) -> Listing:
    """What the table lists; every picture is a study of its own. The published test list stays the test side."""
    table = find_table(folder, "Data_Entry_2017*.csv")
    author = Dataset.NIH.author("2020" if "v2020" in table.name else "2017")
    held_out = _patients(table.parent / "test_list.txt")
    return listing([table], _COLUMNS, partial(_image, _files(folder), held_out, author))


def _files(folder: Path) -> dict[str, str]:
    """Name of a picture → the folder that holds it."""
    folders = [place for top in places(folder) for place in (top, top / "images") if place.is_dir()]
    return {
        entry.name: place for place in map(str, folders) for entry in os.scandir(place) if entry.name.endswith(".png")
    }


def _patients(list_of_images: Path) -> frozenset[int]:
    """The patients of the pictures in a list (00000061_012.png); none where there is no list."""
    if not list_of_images.is_file():
        return frozenset()
    try:
        return frozenset(int(line.split("_")[0]) for line in list_of_images.read_text().split())
    except (OSError, ValueError):
        raise StorageError(f"{list_of_images.name} cannot be read: download it again, or take it away.") from None


def _image(files: dict[str, str], held_out: frozenset[int], author: str, row: Row) -> PublishedImage | LeftOut:
    position = row["View Position"].strip()
    if position not in (View.PA, View.AP):
        return LeftOut.OTHER_VIEW if position else LeftOut.UNKNOWN_VIEW
    name, patient = plain_name(row["Image Index"]), int(row["Patient ID"])
    names = [label.strip() for label in row["Finding Labels"].split("|") if label.strip()]
    if not names:
        return LeftOut.NO_LABELS
    if name not in files:
        return LeftOut.MISSING_FILE
    sex = next((row[column] for column in _SEX if row.get(column)), "")
    return PublishedImage(
        patient=str(patient),
        study=name,
        image=name,
        file=Path(files[name], name),
        view=View(position),
        said=(Said(author=author, assertions=listed(names, Dataset.NIH)),),
        age=age_of(row["Patient Age"]),
        sex=sex if sex in ("M", "F") else None,
        side=Side.TEST if patient in held_out else None,
    )

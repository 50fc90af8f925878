"""CheXpert (Irvin et al. 2019) as published: train.csv and valid.csv beside train/ and valid/."""

from functools import partial
from pathlib import Path, PurePosixPath

from components.catalog import LabelSource, Side, View
from components.datasets._published import (
    LeftOut,
    Listing,
    PublishedImage,
    Row,
    Said,
    age_of,
    coded,
    find_table,
    find_tables,
    first_file,
    listing,
    places,
    plain_name,
)
from components.findings import DATASET_NAMES, Dataset

_RELEASE = "1.0"
_VALID = "valid"
_PARTS = 4  # train/patient00001/study1/view1_frontal.jpg
_SEXES = {"Male": "M", "Female": "F"}
_COLUMNS = ("Path", "Sex", "Age", "Frontal/Lateral", "AP/PA", *DATASET_NAMES[Dataset.CHEXPERT])


def chexpert(folder: Path) -> Listing:
    """What the tables list, full or small release; the validation studies' labels are three radiologists'."""
    tables = [find_table(folder, "train.csv"), *find_tables(folder, "valid.csv")[:1]]
    return listing(tables, _COLUMNS, partial(_image, places(folder)))


def _image(roots: list[Path], row: Row) -> PublishedImage | LeftOut:
    view = _view(row)
    if isinstance(view, LeftOut):
        return view
    split, patient, study, name = (plain_name(part) for part in PurePosixPath(row["Path"]).parts[-_PARTS:])
    # Some releases come in batches whose folders hold the patients without "train" above them.
    tails = (Path(split, patient, study, name), Path(patient, study, name))
    file = first_file(root / tail for root in roots for tail in tails)
    if file is None:
        return LeftOut.MISSING_FILE
    read = split == _VALID
    said = Said(
        author=Dataset.CHEXPERT.author(_RELEASE, "radiologists" if read else ""),
        assertions=coded(row, Dataset.CHEXPERT),
        source=LabelSource.READER if read else LabelSource.LABELER,
    )
    return PublishedImage(
        patient=patient,
        study=f"{patient}/{study}",
        image=f"{patient}/{study}/{name}",
        file=file,
        view=view,
        said=(said,),
        age=age_of(row["Age"]),
        sex=_SEXES.get(row["Sex"].strip()),
        side=Side.VALIDATION if read else None,
    )


def _view(row: Row) -> View | LeftOut:
    if row["Frontal/Lateral"].strip() == "Lateral":
        return View.LATERAL
    projection = row["AP/PA"].strip()
    if not projection:
        return LeftOut.UNKNOWN_VIEW
    return View(projection) if projection in (View.PA, View.AP) else LeftOut.OTHER_VIEW

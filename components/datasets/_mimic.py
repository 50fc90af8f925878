"""MIMIC-CXR-JPG (Johnson et al. 2019) as published: files/p10/p10000032/s50414267/….jpg and tables beside them."""

import re
from functools import partial
from pathlib import Path

from components.catalog import Side, View
from components.datasets._published import (
    LeftOut,
    Listing,
    PublishedImage,
    Row,
    Said,
    coded,
    find_table,
    find_tables,
    first_file,
    listing,
    plain_name,
    rows_of,
)
from components.deidentify import parse_date
from components.findings import DATASET_NAMES, Dataset

_COLUMNS = ("dicom_id", "subject_id", "study_id", "ViewPosition", "StudyDate", "ViewCodeSequence_CodeMeaning")
_NAMES = tuple(DATASET_NAMES[Dataset.MIMIC])
_RELEASE = re.compile(r"mimic-cxr-([0-9.]+)-")
_VIEWS = {"PA": View.PA, "AP": View.AP, **dict.fromkeys(("LATERAL", "LL", "RL"), View.LATERAL)}
_CODED = {
    "postero-anterior": View.PA,
    "antero-posterior": View.AP,
    **dict.fromkeys(("lateral", "left lateral", "right lateral"), View.LATERAL),
}
_SIDES = {"validate": Side.VALIDATION, "test": Side.TEST}


def mimic(folder: Path) -> Listing:
    """What the metadata list of studies with labels (by the CheXpert labeller); its split's held-out parts stay so."""
    metadata = find_table(folder, "mimic-cxr-*-metadata.csv")
    release = _RELEASE.match(metadata.name)
    author = Dataset.MIMIC.author(release[1] if release else "2")
    said = _said(find_table(folder, "mimic-cxr-*-chexpert.csv"), author)
    sides = _sides(find_tables(folder, "mimic-cxr-*-split.csv"))
    return listing([metadata], _COLUMNS, partial(_image, metadata.parent, said, sides))


def _said(table: Path, author: str) -> dict[str, Said]:
    """Study → its labels; equal ones are one object, of which there are far fewer than studies."""
    shared: dict[tuple[str, ...], Said] = {}
    found: dict[str, Said] = {}
    for row in rows_of(table, ("study_id", *_NAMES)):
        codes = tuple(row[name] or "" for name in _NAMES)
        try:
            if codes not in shared:
                shared[codes] = Said(author=author, assertions=coded(row, Dataset.MIMIC))
        except (ValueError, AttributeError):  # another code, or a row that ends early: a study without labels
            continue
        found[row["study_id"]] = shared[codes]
    return found


def _sides(tables: list[Path]) -> dict[str, Side]:
    rows = (row for table in tables[:1] for row in rows_of(table, ("subject_id", "split")))
    return {row["subject_id"]: _SIDES[row["split"]] for row in rows if row["split"] in _SIDES}


def _image(root: Path, said: dict[str, Said], sides: dict[str, Side], row: Row) -> PublishedImage | LeftOut:
    view = _view(row)
    if isinstance(view, LeftOut):
        return view
    if row["study_id"] not in said:
        return LeftOut.NO_LABELS
    patient, study, image = (plain_name(row[name]) for name in ("subject_id", "study_id", "dicom_id"))
    tail = Path(f"p{patient[:2]}", f"p{patient}", f"s{study}", f"{image}.jpg")
    file = first_file((root / "files" / tail, root / tail))
    if file is None:
        return LeftOut.MISSING_FILE
    return PublishedImage(
        patient=patient,
        study=study,
        image=image,
        file=file,
        view=view,
        said=(said[study],),
        day=parse_date(row["StudyDate"]),
        side=sides.get(patient),
    )


def _view(row: Row) -> View | LeftOut:
    position = row["ViewPosition"].strip()
    if position:
        return _VIEWS.get(position.upper(), LeftOut.OTHER_VIEW)
    return _CODED.get(row["ViewCodeSequence_CodeMeaning"].strip().lower(), LeftOut.UNKNOWN_VIEW)

"""VinDr-CXR (Nguyen et al. 2022) as published: DICOM files in train/ and test/, the readers' labels in annotations/."""

from collections.abc import Iterator
from pathlib import Path

from components.catalog import LabelSource, Side, View
from components.datasets._published import (
    LeftOut,
    Listing,
    PublishedImage,
    Row,
    Said,
    find_table,
    find_tables,
    first_file,
    plain_name,
    rows_of,
)
from components.findings import DATASET_NAMES, Assertion, Dataset, Finding

_RELEASE = "1.0.0"
_NAMES = DATASET_NAMES[Dataset.VINDR]
_ANNOTATIONS = "annotations"


def vindr(folder: Path) -> Listing:
    """What the tables list: PA pictures, of the training part with three readers' labels, of the test part one's.

    The test part's labels are five readers' consensus, and it stays the test side. The dataset names no patients:
    each picture is a patient's. Age and sex stand in the files.
    """
    table = find_table(folder, "image_labels_train.csv")
    root = table.parent.parent if table.parent.name == _ANNOTATIONS else table.parent
    items = [*_images(root, "train", table, None)]
    for test in find_tables(folder, "image_labels_test.csv")[:1]:
        items += _images(root, "test", test, Side.TEST)
    return Listing(len(items), items)


def _images(root: Path, part: str, table: Path, side: Side | None) -> Iterator[PublishedImage | LeftOut]:
    said: dict[str, list[Said]] = {}
    for row in rows_of(table, ("image_id", *_NAMES)):
        try:
            said.setdefault(plain_name(row["image_id"]), []).append(_said(row))
        except (ValueError, AttributeError):  # no number, or a row that ends early
            yield LeftOut.BAD_ROW
    for image, readers in said.items():
        file = first_file(root / part / f"{image}{ending}" for ending in (".dicom", ".dcm"))
        if file is None:
            yield LeftOut.MISSING_FILE
            continue
        yield PublishedImage(
            patient=image, study=image, image=image, file=file, view=View.PA, said=tuple(readers), side=side
        )


def _said(row: Row) -> Said:
    present: dict[Finding, bool] = {}
    for name, finding in _NAMES.items():
        present[finding] = present.get(finding, False) or float(row[name].strip() or 0) > 0
    reader = row.get("rad_id") or ""
    return Said(
        author=Dataset.VINDR.author(_RELEASE, plain_name(reader) if reader else "consensus"),
        assertions={finding: _ASSERTIONS[is_there] for finding, is_there in present.items()},
        source=LabelSource.READER if reader else LabelSource.ADJUDICATOR,
    )


_ASSERTIONS = {True: Assertion.PRESENT, False: Assertion.ABSENT}

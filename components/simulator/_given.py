"""Writes the export of an invented hospital round given pictures and report texts."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from components.errors import ConfigurationError, StorageError
from components.findings import DATASET_NAMES, PARENTS, Finding
from components.simulator._canvas import Plane
from components.simulator._chance import happens, stream
from components.simulator._export import Export, HospitalSummary
from components.simulator._headers import StudyFacts
from components.simulator._identities import Patient, hospital_of, patient_of
from components.simulator._look import Site
from components.simulator._reports import written
from components.simulator._visits import OPENED, at_least, site_named, study_facts
from components.simulator._words import Projection, Status

STUDY_COLUMNS = ("image", "patient_id", "age", "sex", "view", "nih_labels", "indication", "findings", "impression")
_FRONTAL = (Projection.PA, Projection.AP)
_OLDEST = 110
_SEXES = ("M", "F")
Row = Mapping[str, str]


def write_hospital_from(  # noqa: PLR0913  the command line's options
    studies_csv: Path,
    out: Path,
    *,
    view: str | None = None,
    limit: int | None = None,
    seed: int,
    site: Site | str,
    progress: Callable[[int, int], None] | None = None,
) -> HospitalSummary:
    """Writes the studies listed in `studies_csv` as the invented `site`'s export below `out`.

    Invented: identities, headers, messages. Kept: pictures (8-bit grey, scaled to the machine's bits), texts, age, sex,
    view and labels. The same patient_id is the same invented person in every call with the same seed.

    view: only studies of this projection, PA or AP; limit: only the first so many of them.

    Raises:
        ConfigurationError: an unknown view or site, a table without the columns of STUDY_COLUMNS or without studies.
        StorageError: the table or a picture cannot be read, or the folder cannot be written.
    """
    site = site_named(site)
    at_least(1, limit=limit)
    if view is not None and view not in _FRONTAL:
        raise ConfigurationError("The 'view' of given studies must be PA or AP, or left out for both.")
    every = _rows(studies_csv)
    births = _birth_dates(every, seed=seed)
    rows = [row for row in every if row["view"] in _FRONTAL and view in {None, row["view"]}][:limit]
    if not rows:
        raise ConfigurationError(f"The table of studies lists no study of view {view or 'PA or AP'}.")
    with Export(out, hospital_of(seed, site)) as export:
        for number, row in enumerate(rows, 1):
            _write(export, row, births[row["patient_id"]], folder=studies_csv.parent, seed=seed, site=site)
            if progress is not None:
                progress(number, len(rows))
        return export.summary()


def nih_labels(names: str) -> dict[Finding, int]:
    """The NIH label names "A|B" as our observations: 1 or 0, parents implied; what NIH does not label is left out."""
    book = DATASET_NAMES["nih"]
    present = {book[name] for name in names.split("|") if name in book}
    for finding in tuple(present):
        parent = PARENTS.get(finding)
        while parent is not None:
            present.add(parent)
            parent = PARENTS.get(parent)
    return {finding: int(finding in present) for finding in dict.fromkeys(book.values())}


def _rows(studies_csv: Path) -> list[Row]:
    try:
        with studies_csv.open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            missing = [name for name in STUDY_COLUMNS if name not in (table.fieldnames or ())]
            if missing:
                raise ConfigurationError(f"The table of studies lacks the column(s) {', '.join(missing)}.")
            return list(table)
    except OSError as error:
        raise StorageError(f"The table of studies cannot be read: {error.strerror}.") from None
    except (UnicodeDecodeError, csv.Error):
        raise ConfigurationError("The table of studies is not a CSV file in UTF-8.") from None


def _age(row: Row) -> int:
    return min(_OLDEST, int(row["age"])) if row["age"].isdigit() else 0


def _birth_dates(rows: list[Row], *, seed: int) -> dict[str, date]:
    """One birth date a patient, from the first of all the patient's rows."""
    births: dict[str, date] = {}
    for row in rows:
        patient = row["patient_id"]
        if patient not in births:
            rng = stream(seed, "born", patient)
            births[patient] = date(OPENED.year - _age(row), 1, 1) - timedelta(days=int(rng.integers(1, 364)))
    return births


def _write(  # noqa: PLR0913  one row and what holds for all rows
    export: Export, row: Row, born: date, *, folder: Path, seed: int, site: Site
) -> None:
    key = f"{seed}/given/{row['image']}"
    patient = replace(
        patient_of(seed, "given", row["patient_id"]), birth_date=born, sex=row["sex"] if row["sex"] in _SEXES else "O"
    )
    study = _facts(row, patient, export=export, key=key, site=site)
    export.add_study(study, nih_labels(row["nih_labels"]), site=site, key=key)
    export.add_image(study, study.views[0], _picture(folder / row["image"]), key=key)
    rng = stream(key, "report")
    impression = [row["impression"]] if row["impression"] else []
    report = written(study, indication=row["indication"], findings=row["findings"], impression=impression, rng=rng)
    if happens(rng, 0.5):
        export.add_row(study, report.text)
    else:
        export.add_message(study, report.text, status=Status.FINAL, hours=5)


def _facts(row: Row, patient: Patient, *, export: Export, key: str, site: Site) -> StudyFacts:
    rng = stream(key, "when")
    first = datetime(patient.birth_date.year + 1 + _age(row), 1, 1, tzinfo=OPENED.tzinfo)
    return study_facts(
        key,
        patient=patient,
        hospital=export.hospital,
        when=first + timedelta(days=int(rng.integers(1, 360)), minutes=int(rng.integers(24 * 60))),
        site=site,
        frontal=Projection(row["view"]),
        lateral=False,
        indication=row["indication"],
        age=_age(row),
    )


def _picture(path: Path) -> Plane:
    """A picture file as float32 [rows, columns] 0..1."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("L"), np.float32) / np.float32(255)
    except (OSError, UnidentifiedImageError):
        raise StorageError("A picture that the table of studies names is missing or cannot be read.") from None

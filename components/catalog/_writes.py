"""Adding to the catalog: each function works inside a transaction that its caller opened."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from components.catalog import _tables as t
from components.catalog._records import ImageRecord, ReportRecord, Side, StudyRecord, as_row
from components.errors import CatalogError, WithdrawnError

_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str]) -> int:
    """Adds the rows whose key is not there yet; how many those were."""
    if not rows:
        return 0
    # Two programs that lock the same keys in different order would wait for each other.
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    statement = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing(index_elements=list(key))
    return len(connection.execute(statement.returning(*[table.c[name] for name in key]), ordered).all())


def add_study(connection: Connection, study: StudyRecord, images: Sequence[ImageRecord]) -> bool:
    """Whether anything of it was new; CatalogError where it contradicts what is known."""
    strangers = [image.image for image in images if image.study != study.study]
    if strangers:
        raise CatalogError(f"Image {strangers[0]} names another study than {study.study}, with which it was added.")
    _refuse_withdrawn(connection, study.site, study.patient)
    new = insert_new(connection, t.studies, [as_row(study)], ["study"])
    known = connection.execute(
        select(t.studies.c.patient, t.studies.c.site).where(t.studies.c.study == study.study)
    ).one()
    if (known.patient, known.site) != (study.patient, study.site):
        raise CatalogError(
            f"Study {study.study} is known for patient {known.patient} at site '{known.site}' and came again for "
            f"patient {study.patient} at site '{study.site}': a study has one patient and one site."
        )
    new += insert_new(connection, t.images, [as_row(image) for image in images], ["image"])
    _refuse_moved_images(connection, study.study, [image.image for image in images])
    return new > 0


def add_report(connection: Connection, report: ReportRecord) -> bool:
    """Whether this version of the report was new."""
    _refuse_withdrawn(connection, report.site, report.patient)
    row = as_row(report)
    row["digest"] = _digest(report)
    new = insert_new(connection, t.reports, [row], ["digest"])
    other = connection.execute(
        select(t.reports.c.patient).where(
            t.reports.c.site == report.site,
            t.reports.c.report == report.report,
            t.reports.c.patient != report.patient,
        )
    ).first()
    if other is not None:
        raise CatalogError(
            f"Report {report.report} is known for patient {other.patient} and came again for patient "
            f"{report.patient}: a report has one patient."
        )
    return new > 0


def assign_sides(connection: Connection, site: str, sides: Mapping[str, Side]) -> None:
    """Gives patients their side; CatalogError, and nothing is kept, where one already has another."""
    rows = [{"site": site, "patient": patient, "side": side.value} for patient, side in sides.items()]
    insert_new(connection, t.sides, rows, ["site", "patient"])
    for patient, side in connection.execute(select(t.sides.c.patient, t.sides.c.side).where(t.sides.c.site == site)):
        if patient in sides and sides[patient].value != side:
            raise CatalogError(
                f"Patient {patient} of site '{site}' is on the {side} side for ever and cannot move to "
                f"{sides[patient].value}."
            )


def _refuse_withdrawn(connection: Connection, site: str, patient: str) -> None:
    w = t.withdrawn.c
    if connection.scalar(select(w.patient).where(w.site == site, w.patient == patient)) is not None:
        raise WithdrawnError(f"Patient {patient} withdrew consent: nothing of them is kept.")


def _refuse_moved_images(connection: Connection, study: str, images: Sequence[str]) -> None:
    moved = connection.execute(
        select(t.images.c.image, t.images.c.study).where(t.images.c.image.in_(images), t.images.c.study != study)
    ).first()
    if moved is not None:
        raise CatalogError(
            f"Image {moved.image} is known in study {moved.study} and came again in study {study}: "
            "an image has one study."
        )


def _digest(report: ReportRecord) -> str:
    parts = (report.site, report.report, report.status.lower(), report.findings, report.impression)
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()

"""A patient who withdraws consent: what the catalog holds of them, and how all of it leaves."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, Table, delete, func, insert, select, union

from components.catalog import _tables as t
from components.catalog._batches import one_at_a_time
from components.catalog._writes import insert_new
from components.errors import CatalogError, StorageError

_OF_STUDIES = (t.label_events, t.readings, t.predictions, t.relabel_tasks, t.images)  # those that name others first
_OF_PATIENTS = (t.reports, t.studies, t.sides)
_AT_ONCE = 10_000


@dataclass(frozen=True, kw_only=True)
class Holdings:
    """What the catalog holds of one patient, of whatever site: pseudonyms, keys of files, and how many rows."""

    patient: str
    sites: tuple[str, ...]
    studies: tuple[str, ...]
    images: tuple[str, ...]
    accessions: tuple[str, ...]
    reports: tuple[str, ...]
    files: tuple[str, ...]
    tasks: tuple[tuple[str, int], ...]
    """(study, number) of each reading task."""
    rows: dict[str, int]
    """Table → rows, where there are any."""

    @property
    def pseudonyms(self) -> frozenset[str]:
        """Everything above that leads back to an original, the patient's own pseudonym among it."""
        return frozenset((self.patient, *self.studies, *self.images, *self.accessions, *self.reports))


def holdings(connection: Connection, patient: str) -> Holdings:
    """What there is of the patient; all empty for a stranger."""
    studies, images = t.studies.c, t.images.c
    mine = _mine(patient)

    def values(statement: Select[Any]) -> tuple[str, ...]:
        return tuple(sorted({value for value in connection.scalars(statement) if value is not None}))

    files = connection.execute(select(images.dicom_key, images.input_key).where(images.study.in_(mine)))
    tasks = t.relabel_tasks.c
    return Holdings(
        patient=patient,
        sites=values(_sites(patient)),
        studies=values(mine),
        images=values(select(images.image).where(images.study.in_(mine))),
        accessions=values(
            select(union(*(select(c.accession).where(c.patient == patient) for c in (studies, t.reports.c))).subquery())
        ),
        reports=values(select(t.reports.c.report).where(t.reports.c.patient == patient)),
        files=tuple(sorted(key for row in files for key in row)),
        tasks=tuple(
            (study, number)
            for study, number in connection.execute(
                select(tasks.study, tasks.task).where(tasks.study.in_(mine)).order_by(tasks.task)
            )
        ),
        rows=_rows(connection, patient),
    )


def withdraw(connection: Connection, patient: str, *, site: str, now: datetime) -> None:
    """Notes, for this site and all that know the patient, that nothing more of them is taken in."""
    one_at_a_time(connection)  # who adds after this sees the patient withdrawn
    w = t.withdrawn.c
    known = set(connection.scalars(select(w.site).where(w.patient == patient)))
    sides: dict[str, str] = {
        row.site: row.side for row in connection.execute(select(t.sides).where(t.sides.c.patient == patient))
    }
    sites = {site, *connection.scalars(_sites(patient))} - known
    rows = [{"site": name, "patient": patient, "at": now, "side": sides.get(name)} for name in sorted(sites)]
    if rows:
        connection.execute(insert(t.withdrawn), rows)


def forget(connection: Connection, patient: str) -> dict[str, int]:
    """Removes every row of a withdrawn patient; table → rows removed."""
    if connection.scalar(select(t.withdrawn.c.patient).where(t.withdrawn.c.patient == patient).limit(1)) is None:
        raise CatalogError(f"Patient {patient} did not withdraw consent, and only who did is removed.")
    found = _rows(connection, patient)
    for table in _OF_STUDIES:
        connection.execute(delete(table).where(table.c.study.in_(_mine(patient))))
    for table in _OF_PATIENTS:
        connection.execute(delete(table).where(table.c.patient == patient))
    return found


def readmit(connection: Connection, patient: str) -> bool:
    """Takes the patient off the list and gives the side back that they had; whether they were on it."""
    rows = connection.execute(select(t.withdrawn).where(t.withdrawn.c.patient == patient)).all()
    sides = [{"site": row.site, "patient": patient, "side": row.side} for row in rows if row.side]
    insert_new(connection, t.sides, sides, ["site", "patient"])
    connection.execute(delete(t.withdrawn).where(t.withdrawn.c.patient == patient))
    return bool(rows)


def pseudonyms(connection: Connection) -> Iterator[str]:
    """All that the key made: of patients (the withdrawn too), studies, images, numbers, report versions, readers."""
    columns = (
        *(t.studies.c[name] for name in ("patient", "study", "accession")),
        t.images.c.image,
        *(t.reports.c[name] for name in ("patient", "report", "accession", "digest")),
        *(table.c.patient for table in (t.sides, t.withdrawn)),
        *(table.c.author for table in (t.label_events, t.readings)),
    )
    for column in columns:
        found = connection.execution_options(yield_per=_AT_ONCE).scalars(
            select(column).where(column.is_not(None)).distinct()
        )
        yield from found


def overwrite(engine: Engine) -> None:
    """Has the database give back, overwritten, the space of what was deleted.

    Raises:
        StorageError: another program reads the catalog, so that old pages are still needed.
    """
    with closing(engine.raw_connection()) as raw:
        if engine.dialect.name == "postgresql":
            connection: Any = raw.driver_connection
            connection.autocommit = True
            names = ", ".join(table.name for table in (*_OF_STUDIES, *_OF_PATIENTS))
            connection.execute(f"VACUUM FULL {names}")
            connection.autocommit = False
            return
        cursor = raw.cursor()
        cursor.execute("VACUUM")
        busy = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
        if busy:
            raise StorageError(
                "The patient's rows are gone, but another program reads the catalog, so that its log still holds them: "
                "let that one end, then run the same again."
            )


def _mine(patient: str) -> Select[Any]:
    return select(t.studies.c.study).where(t.studies.c.patient == patient)


def _sites(patient: str) -> Select[Any]:
    tables: tuple[Table, ...] = (t.studies, t.reports, t.sides)
    return select(union(*(select(table.c.site).where(table.c.patient == patient) for table in tables)).subquery())


def _rows(connection: Connection, patient: str) -> dict[str, int]:
    mine = _mine(patient)
    conditions: dict[Table, ColumnElement[bool]] = {table: table.c.study.in_(mine) for table in _OF_STUDIES}
    conditions |= {table: table.c.patient == patient for table in _OF_PATIENTS}
    counts = {
        table.name: connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, condition in conditions.items()
    }
    return {name: count for name, count in counts.items() if count}

"""The catalog's one class: opening a database, adding to it, reading it."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Self

import pandas as pd
from sqlalchemy import Connection, Engine, Select, distinct, func, select

from components.catalog import _batches, _forgetting, _frames, _linking, _writes
from components.catalog import _tables as t
from components.catalog._batches import Judged
from components.catalog._engine import WRITES, create_catalog_engine, parse_url, place_of, use_write_ahead_log
from components.catalog._failures import translated
from components.catalog._forgetting import Holdings
from components.catalog._records import (
    ImageRecord,
    LabelEvent,
    Prediction,
    Reading,
    RelabelTask,
    ReportRecord,
    Side,
    StudyRecord,
    as_row,
)


class Catalog:
    """Studies, images, reports and every assertion about them, in one database.

    Whatever is added is added in one transaction, and adding it again changes nothing. All ids are pseudonyms,
    all times aware and in UTC.

    Raises, from every method:
        CatalogError: what is added contradicts what is known.
        WithdrawnError: what is added is of a patient who withdrew consent.
        ServerError: the PostgreSQL server does not answer or refuses.
        StorageError: the database cannot be written: no rights, disk full, held too long by another program.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self._place = place

    @classmethod
    def open(cls, url: str) -> Self:
        """The catalog at an SQLite or PostgreSQL URL, made or migrated to the newest schema first.

        Raises:
            ConfigurationError: the URL is of another database or no URL.
            CatalogError: the schema is newer than this radloop knows.
        """
        from components.catalog._migrate import migrate

        parsed = parse_url(url)
        catalog = cls(create_catalog_engine(parsed), place_of(parsed))
        try:
            catalog._prepare()
            with catalog._writing() as connection:
                migrate(connection, catalog._place)
        except BaseException:
            catalog.close()
            raise
        return catalog

    def close(self) -> None:
        """Gives all connections back."""
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add_images(
        self, images: Sequence[tuple[StudyRecord, ImageRecord]], place: Callable[[Collection[int]], None]
    ) -> list[Judged]:
        """Adds many images with their studies; for each, in order: whether it was new, or what it contradicts.

        `place` is called with the numbers of the new ones just before they are committed, to put their files where
        the records say; what it raises passes through, and nothing is added.
        """
        with self._writing() as connection:
            return _batches.add_images(connection, images, place)

    def add_reports(self, reports: Sequence[tuple[ReportRecord, str]]) -> list[Judged]:
        """Adds many reports, each with its version's key, never twice; for each what `add_images` says of images."""
        with self._writing() as connection:
            return _batches.add_reports(connection, reports)

    def link_reports(self) -> int:
        """Links reports to their studies as both come; how many versions were newly linked.

        Same patient and site always; by accession number, else, where the report or the study has none, by time: each
        other's nearest on one day, or the only two within a week. A report that may be of several studies waits, and
        a link by time ends when another study makes it doubtful.
        """
        with self._writing() as connection:
            return _linking.link_reports(connection)

    def append_label_events(self, events: Sequence[LabelEvent]) -> int:
        """Appends the events whose key is new; how many those were."""
        with self._writing() as connection:
            return _writes.insert_new(connection, t.label_events, [as_row(event) for event in events], ["key"])

    def add_readings(self, readings: Sequence[Reading]) -> int:
        """Appends the readings whose key is new; how many those were."""
        with self._writing() as connection:
            return _writes.insert_new(connection, t.readings, [as_row(reading) for reading in readings], ["key"])

    def add_predictions(self, predictions: Sequence[Prediction]) -> int:
        """Adds what a model version has not yet said of a study and finding; how many those were."""
        rows = [as_row(prediction) for prediction in predictions]
        with self._writing() as connection:
            return _writes.insert_new(connection, t.predictions, rows, ["model_version", "study", "finding"])

    def add_relabel_tasks(self, tasks: Sequence[RelabelTask]) -> int:
        """Remembers which studies lie in a reading project; how many were not there yet."""
        with self._writing() as connection:
            rows = [as_row(task) for task in tasks]
            return _writes.insert_new(connection, t.relabel_tasks, rows, ["study", "project"])

    def assign_sides(self, site: str, sides: Mapping[str, Side]) -> None:
        """Gives patients their side of the split; CatalogError, and none is kept, if one already has another."""
        with self._writing() as connection:
            _writes.assign_sides(connection, site, sides)

    def studies(self, site: str | None = None) -> pd.DataFrame:
        """One row a study, StudyRecord's fields and `report`: the id of its report that counts, or None.

        The final or corrected version received last counts; a preliminary one only when there is no other.
        """
        return self._frame(_frames.studies(site), _frames.STUDIES, "study")

    def images(self, site: str | None = None) -> pd.DataFrame:
        """One row an image, ImageRecord's fields."""
        return self._frame(_frames.images(site), _frames.IMAGES, "image")

    def reports(self, site: str | None = None) -> pd.DataFrame:
        """One row a version of a report, ReportRecord's fields and `current`: whether its study goes by this one.

        In the order they were added.
        """
        return self._frame(_frames.reports(site), _frames.REPORTS)

    def label_events(self, site: str | None = None) -> pd.DataFrame:
        """One row an event, LabelEvent's fields, in the order they were appended."""
        return self._frame(_frames.label_events(site), _frames.EVENTS)

    def readings(self, site: str | None = None) -> pd.DataFrame:
        """One row a reading, Reading's fields with `boxes` as JSON, in the order they were appended."""
        return self._frame(_frames.readings(site), _frames.READINGS)

    def predictions(self, model_version: str | None = None) -> pd.DataFrame:
        """One row a study, model version and finding, Prediction's fields."""
        return self._frame(_frames.predictions(model_version), _frames.PREDICTIONS, "model_version", "study", "finding")

    def relabel_tasks(self, project: str | None = None) -> pd.DataFrame:
        """One row a study and project, RelabelTask's fields."""
        return self._frame(_frames.relabel_tasks(project), _frames.TASKS, "project", "study")

    def sides(self, site: str) -> dict[str, Side]:
        """Patient → side, of those who have one."""
        statement = select(t.sides.c.patient, t.sides.c.side).where(t.sides.c.site == site)
        with self._reading() as connection:
            return {patient: Side(side) for patient, side in connection.execute(statement)}

    def stored_images(self, among: Collection[str]) -> dict[str, str]:
        """Image → key of its DICOM file, of those among the given that are known."""
        statement = select(t.images.c.image, t.images.c.dicom_key).where(t.images.c.image.in_(among))
        with self._reading() as connection:
            return {image: key for image, key in connection.execute(statement)}

    def known_versions(self, among: Collection[str]) -> set[str]:
        """Those of the given versions of reports (the keys of `add_reports`) that are known."""
        with self._reading() as connection:
            return set(connection.scalars(select(t.reports.c.digest).where(t.reports.c.digest.in_(among))))

    def patients_of(self, site: str, accessions: Collection[str]) -> dict[str, set[str]]:
        """Accession → the patients of the studies that have it, of those among the given that are known."""
        s = t.studies.c
        wanted = (s.site == site, s.accession.in_(accessions))
        found: dict[str, set[str]] = {}
        with self._reading() as connection:
            for accession, patient in connection.execute(select(s.accession, s.patient).where(*wanted)):
                found.setdefault(accession, set()).add(patient)
        return found

    def with_report(self, site: str, studies: Collection[str]) -> set[str]:
        """Those of the studies that have a report."""
        r = t.reports.c
        with self._reading() as connection:
            return set(connection.scalars(select(r.study).distinct().where(r.site == site, r.study.in_(studies))))

    def with_study(self, site: str, reports: Collection[str]) -> set[str]:
        """Those of the reports whose study is known."""
        r = t.reports.c
        wanted = (r.site == site, r.report.in_(reports), r.study.is_not(None))
        with self._reading() as connection:
            return set(connection.scalars(select(r.report).distinct().where(*wanted)))

    def holdings(self, patient: str) -> Holdings:
        """What is kept of one patient, of whatever site; all empty for a stranger."""
        with self._reading() as connection:
            return _forgetting.holdings(connection, patient)

    def withdrawn(self, site: str) -> set[str]:
        """The patients who withdrew consent."""
        with self._reading() as connection:
            return set(connection.scalars(select(t.withdrawn.c.patient).where(t.withdrawn.c.site == site)))

    def withdraw(self, patient: str, *, site: str, now: datetime) -> None:
        """Notes that nothing more of the patient may be taken in, here and at every site that knows them."""
        with self._writing() as connection:
            _forgetting.withdraw(connection, patient, site=site, now=now)

    def forget(self, patient: str) -> dict[str, int]:
        """Removes all rows of a patient who withdrew, and overwrites their space; table → rows removed.

        What servers keep beside the database (PostgreSQL's archived log, backups) is not reached.

        Raises:
            CatalogError: the patient did not withdraw.
            StorageError: another program reads the catalog, so that its log still holds the rows.
        """
        with self._writing() as connection:
            found = _forgetting.forget(connection, patient)
        with translated(self._place):
            _forgetting.overwrite(self._engine)
        return found

    def readmit(self, patient: str) -> bool:
        """Ends a withdrawal: the patient is taken in again, on the side they had; whether there was one."""
        with self._writing() as connection:
            return _forgetting.readmit(connection, patient)

    def pseudonyms(self) -> Iterator[str]:
        """Every pseudonym in the catalog, some of them several times; the withdrawn patients' among them."""
        with self._reading() as connection:
            yield from _forgetting.pseudonyms(connection)

    def counts(self) -> dict[str, int]:
        """How many patients, studies, images, reports (`waiting`: without a study), label events and predictions."""
        tables = (t.studies, t.images, t.reports, t.label_events, t.predictions, t.relabel_tasks)
        statements = {table.name: select(func.count()).select_from(table) for table in tables}
        statements["patients"] = select(func.count(distinct(t.studies.c.patient)))
        statements["waiting"] = statements["reports"].where(t.reports.c.study.is_(None))
        with self._reading() as connection:
            return {name: connection.scalar(statement) or 0 for name, statement in statements.items()}

    def _prepare(self) -> None:
        if self._engine.dialect.name == "sqlite":
            with translated(self._place):
                use_write_ahead_log(self._engine)

    def _frame(self, statement: Select[Any], dtypes: dict[str, str], *order: str) -> pd.DataFrame:
        with self._reading() as connection:
            frame = _frames.read(connection, statement, dtypes)
        # Sorted here: PostgreSQL's order of strings depends on the server's locale, and snapshots must not.
        return frame.sort_values(list(order), ignore_index=True) if order else frame

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with translated(self._place), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with translated(self._place), self._engine.connect() as connection:
            connection = connection.execution_options(**{WRITES: True})  # noqa: PLW2901
            with connection.begin():
                yield connection

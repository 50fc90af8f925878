"""The catalog's one class: opening a database, adding to it, reading it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Self

import pandas as pd
from sqlalchemy import Connection, Engine, Select, distinct, func, select

from components.catalog import _frames, _linking, _writes
from components.catalog import _tables as t
from components.catalog._engine import WRITES, create_catalog_engine, parse_url, place_of, use_write_ahead_log
from components.catalog._failures import translated
from components.catalog._records import (
    ImageRecord,
    LabelEvent,
    Prediction,
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

    def add_study(self, study: StudyRecord, images: Sequence[ImageRecord]) -> bool:
        """Adds the study and those of its images that are new; False when everything was known."""
        with self._writing() as connection:
            return _writes.add_study(connection, study, images)

    def add_report(self, report: ReportRecord) -> bool:
        """Adds one version of a report; False when this version (same status, same text) was known."""
        with self._writing() as connection:
            return _writes.add_report(connection, report)

    def link_reports(self) -> int:
        """Links waiting reports to the studies that have come since; how many were linked.

        Same patient and site always; by accession number, else by the nearest date within 7 days where the report
        or the study has no accession number. A report between two equally near studies goes on waiting.
        """
        with self._writing() as connection:
            return _linking.link_reports(connection)

    def append_label_events(self, events: Sequence[LabelEvent]) -> int:
        """Appends the events whose key is new; how many those were."""
        with self._writing() as connection:
            return _writes.insert_new(connection, t.label_events, [as_row(event) for event in events], ["key"])

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

    def known_images(self) -> set[str]:
        """The ids of all images."""
        with self._reading() as connection:
            return set(connection.scalars(select(t.images.c.image)))

    def has_report(self, report: str) -> bool:
        """Whether any version of this report is known."""
        with self._reading() as connection:
            return connection.scalar(select(t.reports.c.entry).where(t.reports.c.report == report).limit(1)) is not None

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

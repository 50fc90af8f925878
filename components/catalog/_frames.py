"""Reading the catalog: one SELECT a kind of record, and the DataFrame it becomes."""

from typing import Any

import pandas as pd
from sqlalchemy import Connection, Select, case, func, select

from components.catalog import _tables as t
from components.catalog._records import ReportStatus

_MOMENT = "datetime64[us, UTC]"
# "object" keeps None as None where a value may be missing.
STUDIES = {
    "study": "str",
    "patient": "str",
    "accession": "object",
    "site": "str",
    "date": "object",
    "time": "object",
    "age": "Int64",
    "sex": "object",
    "modality": "str",
    "manufacturer": "object",
    "report": "object",
    "patient_class": "object",
}
IMAGES = {
    "image": "str",
    "study": "str",
    "view": "str",
    "dicom_key": "str",
    "input_key": "str",
    "rows": "int64",
    "columns": "int64",
    "sha256": "str",
}
REPORTS = {
    "report": "str",
    "patient": "str",
    "accession": "object",
    "study": "object",
    "site": "str",
    "date": "object",
    "time": "object",
    "status": "str",
    "findings": "str",
    "impression": "str",
    "received": _MOMENT,
    "issued": _MOMENT,
    "patient_class": "object",
    "current": "bool",
}
EVENTS = {
    "study": "str",
    "finding": "str",
    "assertion": "str",
    "source": "str",
    "author": "str",
    "at": _MOMENT,
    "key": "str",
}
READINGS = {
    "study": "str",
    "image": "str",
    "author": "str",
    "at": _MOMENT,
    "key": "str",
    "quality": "object",
    "readable": "bool",
    "wrong_view": "bool",
    "withdrawn": "bool",
    "boxes": "str",
}
PREDICTIONS = {"study": "str", "model_version": "str", "finding": "str", "probability": "float64"}
TASKS = {"study": "str", "project": "str", "task": "int64", "pushed_at": _MOMENT}

_FINAL = (ReportStatus.FINAL.value, "f")
_CORRECTED = (ReportStatus.CORRECTED.value, "c")
_WITHDRAWN = (ReportStatus.WITHDRAWN.value, "x")


def read(connection: Connection, statement: Select[Any], dtypes: dict[str, str]) -> pd.DataFrame:
    """The statement's rows, in its order, with exactly these columns and dtypes."""
    rows = connection.execute(statement).all()
    columns = zip(*rows, strict=True) if rows else [()] * len(dtypes)
    return pd.DataFrame(
        {
            name: pd.Series(list(values), dtype=dtype)
            for (name, dtype), values in zip(dtypes.items(), columns, strict=True)
        }
    )


def studies(site: str | None) -> Select[Any]:
    current = _current_reports()
    said = (current.c.report, current.c.patient_class)
    statement = select(t.studies, *said).join(current, current.c.study == t.studies.c.study, isouter=True)
    return statement if site is None else statement.where(t.studies.c.site == site)


def images(site: str | None) -> Select[Any]:
    return _of_site(select(t.images), t.images.c.study, site)


def reports(site: str | None) -> Select[Any]:
    current = _current_reports()
    fields = [t.reports.c[name] for name in REPORTS if name != "current"]
    statement = (
        select(*fields, current.c.entry.is_not(None).label("current"))
        .join(current, current.c.entry == t.reports.c.entry, isouter=True)
        .order_by(t.reports.c.entry)
    )
    return statement if site is None else statement.where(t.reports.c.site == site)


def label_events(site: str | None) -> Select[Any]:
    fields = [t.label_events.c[name] for name in EVENTS]
    return _of_site(select(*fields), t.label_events.c.study, site).order_by(t.label_events.c.entry)


def readings(site: str | None) -> Select[Any]:
    fields = [t.readings.c[name] for name in READINGS]
    return _of_site(select(*fields), t.readings.c.study, site).order_by(t.readings.c.entry)


def predictions(model_version: str | None) -> Select[Any]:
    statement = select(*[t.predictions.c[name] for name in PREDICTIONS])
    return statement if model_version is None else statement.where(t.predictions.c.model_version == model_version)


def relabel_tasks(project: str | None) -> Select[Any]:
    statement = select(t.relabel_tasks)
    return statement if project is None else statement.where(t.relabel_tasks.c.project == project)


def _of_site(statement: Select[Any], study: Any, site: str | None) -> Select[Any]:
    if site is None:
        return statement
    return statement.join(t.studies, t.studies.c.study == study).where(t.studies.c.site == site)


def _current_reports() -> Any:
    """For every study with a report: the one version that counts (columns study, report, entry, patient_class).

    A final or corrected version comes before a preliminary one; then the later counts, by the time at which it was
    issued, else received, so that it does not matter in which order versions come. A report whose last version is a
    withdrawal does not count at all.
    """
    r = t.reports.c
    status = func.lower(r.status)
    order = (
        case((status.in_(_FINAL + _CORRECTED + _WITHDRAWN), 0), else_=1),
        func.coalesce(r.issued, r.received).desc(),
        case((status.in_(_CORRECTED + _WITHDRAWN), 0), else_=1),
        r.received.desc(),
        r.entry.desc(),
    )
    numbered = (
        select(
            r.entry,
            func.row_number().over(partition_by=[r.site, r.report], order_by=order).label("place"),
        )
        .where(r.study.is_not(None))
        .subquery()
    )
    counting = (
        select(
            r.study,
            r.report,
            r.entry,
            r.patient_class,
            func.row_number().over(partition_by=[r.study], order_by=order).label("place"),
        )
        .join(numbered, numbered.c.entry == r.entry)
        .where(numbered.c.place == 1, status.not_in(_WITHDRAWN))
        .subquery()
    )
    c = counting.c
    return select(c.study, c.report, c.entry, c.patient_class).where(c.place == 1).subquery()

"""The tables as the newest migration leaves them."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Time,
    UniqueConstraint,
)
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes, kept in UTC; SQLite has no time zones and keeps them without."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> Any:
        return dialect.type_descriptor(DateTime(timezone=dialect.name == "postgresql"))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        moment = value.astimezone(UTC)
        return moment if dialect.name == "postgresql" else moment.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


# SQLite counts up only a column of exactly its INTEGER type.
_Entry = BigInteger().with_variant(Integer, "sqlite")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

studies = Table(
    "studies",
    metadata,
    Column("study", String, primary_key=True),
    Column("patient", String, nullable=False, index=True),
    Column("accession", String, index=True),
    Column("site", String, nullable=False, index=True),
    Column("date", Date),
    Column("time", Time),
    Column("age", Integer),
    Column("sex", String),
    Column("modality", String, nullable=False),
    Column("manufacturer", String),
)

images = Table(
    "images",
    metadata,
    Column("image", String, primary_key=True),
    Column("study", String, ForeignKey("studies.study"), nullable=False, index=True),
    Column("view", String, nullable=False),
    Column("dicom_key", String, nullable=False),
    Column("input_key", String, nullable=False),
    Column("rows", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("sha256", String, nullable=False),
)

reports = Table(
    "reports",
    metadata,
    Column("entry", _Entry, primary_key=True, autoincrement=True),
    Column("digest", String, nullable=False),
    Column("report", String, nullable=False, index=True),
    Column("patient", String, nullable=False, index=True),
    Column("accession", String),
    Column("study", String, ForeignKey("studies.study"), index=True),
    Column("site", String, nullable=False),
    Column("date", Date),
    Column("time", Time),
    Column("status", String, nullable=False),
    Column("findings", String, nullable=False),
    Column("impression", String, nullable=False),
    Column("received", UtcDateTime, nullable=False),
    Column("issued", UtcDateTime),
    Column("patient_class", String),
    UniqueConstraint("digest"),
)

label_events = Table(
    "label_events",
    metadata,
    Column("entry", _Entry, primary_key=True, autoincrement=True),
    Column("study", String, ForeignKey("studies.study"), nullable=False, index=True),
    Column("finding", String, nullable=False),
    Column("assertion", String, nullable=False),
    Column("source", String, nullable=False),
    Column("author", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("key", String, nullable=False),
    UniqueConstraint("key"),
)

readings = Table(
    "readings",
    metadata,
    Column("entry", _Entry, primary_key=True, autoincrement=True),
    Column("study", String, ForeignKey("studies.study"), nullable=False, index=True),
    Column("image", String, ForeignKey("images.image"), nullable=False, index=True),
    Column("author", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("key", String, nullable=False),
    Column("quality", String),
    Column("readable", Boolean, nullable=False),
    Column("wrong_view", Boolean, nullable=False),
    Column("withdrawn", Boolean, nullable=False),
    Column("boxes", String, nullable=False),
    UniqueConstraint("key"),
)

predictions = Table(
    "predictions",
    metadata,
    Column("model_version", String, primary_key=True),
    Column("study", String, ForeignKey("studies.study"), primary_key=True),
    Column("finding", String, primary_key=True),
    Column("probability", Float, nullable=False),
)

sides = Table(
    "sides",
    metadata,
    Column("site", String, primary_key=True),
    Column("patient", String, primary_key=True),
    Column("side", String, nullable=False),
)

relabel_tasks = Table(
    "relabel_tasks",
    metadata,
    Column("study", String, ForeignKey("studies.study"), primary_key=True),
    Column("project", String, primary_key=True),
    Column("task", BigInteger, nullable=False),
    Column("pushed_at", UtcDateTime, nullable=False),
)

withdrawn = Table(
    "withdrawn",
    metadata,
    Column("site", String, primary_key=True),
    Column("patient", String, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("side", String),
)
"""Patients who withdrew consent; `side` is the one they had, which they get back with their consent."""

"""The first tables: studies, images, reports, label events, predictions, sides, reading tasks."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ENTRY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
_FIXED = ("label_events", "sides")


def upgrade() -> None:
    _studies_and_images()
    _reports()
    _assertions()
    _sides_and_tasks()
    for table in _FIXED:
        _forbid_change(table)


def downgrade() -> None:
    for table in ("relabel_tasks", "sides", "predictions", "label_events", "reports", "images", "studies"):
        op.drop_table(table)
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION radloop_refuse_change()")


def _studies_and_images() -> None:
    op.create_table(
        "studies",
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("accession", sa.String()),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("date", sa.Date()),
        sa.Column("age", sa.Integer()),
        sa.Column("sex", sa.String()),
        sa.Column("modality", sa.String(), nullable=False),
        sa.Column("manufacturer", sa.String()),
        sa.PrimaryKeyConstraint("study", name="pk_studies"),
    )
    for column in ("patient", "accession", "site"):
        op.create_index(f"ix_studies_{column}", "studies", [column])
    op.create_table(
        "images",
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("view", sa.String(), nullable=False),
        sa.Column("dicom_key", sa.String(), nullable=False),
        sa.Column("input_key", sa.String(), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("columns", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("image", name="pk_images"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_images_study"),
    )
    op.create_index("ix_images_study", "images", ["study"])


def _reports() -> None:
    op.create_table(
        "reports",
        sa.Column("entry", _ENTRY, autoincrement=True, nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("report", sa.String(), nullable=False),
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("accession", sa.String()),
        sa.Column("study", sa.String()),
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("date", sa.Date()),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("findings", sa.String(), nullable=False),
        sa.Column("impression", sa.String(), nullable=False),
        sa.Column("received", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_reports"),
        sa.UniqueConstraint("digest", name="uq_reports_digest"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_reports_study"),
    )
    for column in ("report", "patient", "study"):
        op.create_index(f"ix_reports_{column}", "reports", [column])


def _assertions() -> None:
    op.create_table(
        "label_events",
        sa.Column("entry", _ENTRY, autoincrement=True, nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("assertion", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_label_events"),
        sa.UniqueConstraint("key", name="uq_label_events_key"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_label_events_study"),
    )
    op.create_index("ix_label_events_study", "label_events", ["study"])
    op.create_table(
        "predictions",
        sa.Column("model_version", sa.String(), nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("finding", sa.String(), nullable=False),
        sa.Column("probability", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("model_version", "study", "finding", name="pk_predictions"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_predictions_study"),
    )


def _sides_and_tasks() -> None:
    op.create_table(
        "sides",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("site", "patient", name="pk_sides"),
    )
    op.create_table(
        "relabel_tasks",
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("project", sa.String(), nullable=False),
        sa.Column("task", sa.BigInteger(), nullable=False),
        sa.Column("pushed_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("study", "project", name="pk_relabel_tasks"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_relabel_tasks_study"),
    )


def _forbid_change(table: str) -> None:
    """What was asserted, and the side a patient was given, can be added to but never altered or removed."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE OR REPLACE FUNCTION radloop_refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23001'; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION radloop_refuse_change()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )

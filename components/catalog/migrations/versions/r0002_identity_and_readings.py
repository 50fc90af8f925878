"""Withdrawn patients, whose rows alone may be removed; readers' forms; times of studies and reports."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_ENTRY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_MOMENT = sa.DateTime().with_variant(sa.DateTime(timezone=True), "postgresql")
_OF_A_STUDY = (
    "SELECT 1 FROM studies JOIN withdrawn ON withdrawn.site = studies.site AND withdrawn.patient = studies.patient "
    "WHERE studies.study = OLD.study"
)
_OF_A_PATIENT = "SELECT 1 FROM withdrawn WHERE withdrawn.site = OLD.site AND withdrawn.patient = OLD.patient"
_WITHDRAWN = {"label_events": _OF_A_STUDY, "readings": _OF_A_STUDY, "sides": _OF_A_PATIENT}
"""Table that is only ever added to → whether a row of it is of a patient who withdrew consent."""


def upgrade() -> None:
    op.add_column("studies", sa.Column("time", sa.Time()))
    op.add_column("reports", sa.Column("time", sa.Time()))
    op.add_column("reports", sa.Column("issued", _MOMENT))
    _readings()
    op.create_table(
        "withdrawn",
        sa.Column("site", sa.String(), nullable=False),
        sa.Column("patient", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("side", sa.String()),
        sa.PrimaryKeyConstraint("site", "patient", name="pk_withdrawn"),
    )
    for table in ("label_events", "sides"):
        _allow_change(table)
    for table in _WITHDRAWN:
        _keep_all_but_withdrawn(table)


def downgrade() -> None:
    for table in _WITHDRAWN:
        _drop_guard(table)
    op.drop_table("withdrawn")
    op.drop_table("readings")
    op.drop_column("reports", "issued")
    op.drop_column("reports", "time")
    op.drop_column("studies", "time")
    for table in ("label_events", "sides"):
        _keep_all(table)


def _readings() -> None:
    op.create_table(
        "readings",
        sa.Column("entry", _ENTRY, autoincrement=True, nullable=False),
        sa.Column("study", sa.String(), nullable=False),
        sa.Column("image", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("quality", sa.String()),
        sa.Column("readable", sa.Boolean(), nullable=False),
        sa.Column("wrong_view", sa.Boolean(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("boxes", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("entry", name="pk_readings"),
        sa.UniqueConstraint("key", name="uq_readings_key"),
        sa.ForeignKeyConstraint(["study"], ["studies.study"], name="fk_readings_study"),
        sa.ForeignKeyConstraint(["image"], ["images.image"], name="fk_readings_image"),
    )
    for column in ("study", "image"):
        op.create_index(f"ix_readings_{column}", "readings", [column])


def _is_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


def _allow_change(table: str) -> None:
    """Takes away the guards of revision 0001."""
    if _is_postgresql():
        op.execute(f"DROP TRIGGER {table}_append_only ON {table}")
        return
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{verb}")


def _keep_all(table: str) -> None:
    """The guards of revision 0001: rows are added, never altered or removed."""
    if _is_postgresql():
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


def _keep_all_but_withdrawn(table: str) -> None:
    """Rows are added, never altered, and removed only when their patient withdrew consent."""
    if not _is_postgresql():
        op.execute(
            f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} WHEN NOT EXISTS ({_WITHDRAWN[table]}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )
        return
    op.execute(
        f"CREATE FUNCTION radloop_keep_{table}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF EXISTS ({_WITHDRAWN[table]}) THEN RETURN OLD; END IF; "
        "RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = '23001'; END $$"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
        f"FOR EACH ROW EXECUTE FUNCTION radloop_keep_{table}()"
    )
    op.execute(
        f"CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
        "FOR EACH ROW EXECUTE FUNCTION radloop_refuse_change()"
    )


def _drop_guard(table: str) -> None:
    on = f" ON {table}" if _is_postgresql() else ""
    for verb in ("update", "delete"):
        op.execute(f"DROP TRIGGER {table}_no_{verb}{on}")
    if _is_postgresql():
        op.execute(f"DROP FUNCTION radloop_keep_{table}()")

"""Bringing a database to the newest schema revision, by one program at a time."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from components.errors import CatalogError

_FOLDER = Path(__file__).parent / "migrations"
_LOCK = 7_236_735_067  # any fixed number: the name of our advisory lock on PostgreSQL


def migrate(connection: Connection, place: str) -> None:
    """Runs the missing revisions inside the connection's open transaction.

    Raises:
        CatalogError: the database has a revision that this version of radloop does not know.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    script = ScriptDirectory.from_config(config)
    present = set(MigrationContext.configure(connection).get_current_heads())
    if not present <= {revision.revision for revision in script.walk_revisions()}:
        raise CatalogError(
            f"The schema of {place} (revision {', '.join(sorted(present))}) is newer than this radloop, which knows "
            f"up to {script.get_current_head()}: install the newer radloop."
        )
    if present != set(script.get_heads()):
        command.upgrade(config, "head")

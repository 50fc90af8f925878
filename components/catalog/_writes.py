"""Adding to the catalog: each function works inside a transaction that its caller opened."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from components.catalog import _tables as t
from components.catalog._records import Side
from components.errors import CatalogError

_INSERTS: dict[str, Callable[[Table], Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


def insert_new(connection: Connection, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str]) -> int:
    """Adds the rows whose key is not there yet; how many those were."""
    if not rows:
        return 0
    # Two programs that lock the same keys in different order would wait for each other.
    ordered = sorted(rows, key=lambda row: tuple(row[name] for name in key))
    statement = _INSERTS[connection.dialect.name](table).on_conflict_do_nothing(index_elements=list(key))
    return len(connection.execute(statement.returning(*[table.c[name] for name in key]), ordered).all())


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

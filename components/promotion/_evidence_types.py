"""What a section of the evidence is made of."""

from dataclasses import dataclass
from typing import Any

Value = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One value, and the record that it was read from."""

    name: str
    value: Value
    source: str


@dataclass(frozen=True, kw_only=True)
class Grid:
    """Rows of values from one record; `long` ones are folded away on the page."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    source: str
    long: bool = False

    @property
    def numeric(self) -> frozenset[int]:
        """Which columns hold nothing but numbers, and stand to the right."""
        columns = enumerate(zip(*self.rows, strict=True))
        return frozenset(place for place, values in columns if all(_is_number(value) for value in values))


def _is_number(value: Value) -> bool:
    """Undefined counts as one; yes and no do not."""
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


@dataclass(frozen=True, kw_only=True)
class Section:
    """One part of the evidence; `missing` names the records that were not kept."""

    title: str
    asked: str
    facts: tuple[Fact, ...] = ()
    grids: tuple[Grid, ...] = ()
    missing: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For the file beside the page."""
        return {
            "title": self.title,
            "asked": self.asked,
            "facts": [{"name": fact.name, "value": fact.value, "source": fact.source} for fact in self.facts],
            "tables": [
                {"title": grid.title, "columns": grid.columns, "rows": grid.rows, "source": grid.source}
                for grid in self.grids
            ],
            "missing": self.missing,
        }

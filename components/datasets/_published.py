"""What every importer makes of its dataset's tables: one list of pictures with what is said of them."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TextIO

from components.catalog import LabelSource, Side, View
from components.deidentify import whole_years
from components.errors import ConfigurationError, StorageError
from components.findings import DATASET_NAMES, Assertion, Dataset, Finding

Row = Mapping[str, str]

_OLDEST = 120  # a larger age is a slip of the pen (NIH's 411)
_NAME = re.compile(r"[\w.-]+")


class LeftOut(StrEnum):
    """Why a picture that a dataset lists is not imported; the words under which it is counted."""

    BAD_ROW = "bad_row"
    MISSING_FILE = "missing_file"
    OTHER_VIEW = "other_view"
    UNKNOWN_VIEW = "unknown_view"
    NO_LABELS = "no_labels"


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one author asserts of a study; the author of label events names dataset, release and reader."""

    author: str
    assertions: Mapping[Finding, Assertion]
    source: LabelSource = LabelSource.LABELER


@dataclass(frozen=True, kw_only=True)
class PublishedImage:
    """One picture by its dataset's own names; `inverted`: bone is dark in the file, `side`: of the published split."""

    patient: str
    study: str
    image: str
    file: Path
    view: View
    said: tuple[Said, ...]
    day: date | None = None
    age: int | None = None
    sex: str | None = None
    modality: str = "DX"
    manufacturer: str | None = None
    inverted: bool = False
    side: Side | None = None


@dataclass(frozen=True)
class Listing:
    """What a dataset lists, read as it is asked for, and how much that is."""

    total: int
    items: Iterable[PublishedImage | LeftOut]


def listing(
    tables: Sequence[Path], columns: Iterable[str], parse: Callable[[Row], PublishedImage | LeftOut]
) -> Listing:
    """One picture a row of the tables; a row that lacks a column's value or cannot be parsed is a bad one."""
    needed = tuple(columns)
    total = sum(1 for table in tables for _ in rows_of(table, needed))
    return Listing(total, (_parsed(row, needed, parse) for table in tables for row in rows_of(table, needed)))


def find_table(folder: Path, pattern: str) -> Path:
    """The table of a dataset, plain or gzipped, in its folder or one right below it.

    Raises:
        ConfigurationError: there is none.
    """
    found = find_tables(folder, pattern)
    if not found:
        raise ConfigurationError(f"The folder holds no {pattern}: give the dataset's folder as it is published.")
    return found[0]


def find_tables(folder: Path, pattern: str) -> list[Path]:
    """As `find_table`, all of them; none where there is none."""
    return [path for place in places(folder) for path in sorted([*place.glob(pattern), *place.glob(f"{pattern}.gz")])]


def places(folder: Path) -> list[Path]:
    """The folder and those right below it, sorted.

    Raises:
        StorageError: it cannot be listed.
    """
    try:
        return [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
    except OSError as error:
        raise StorageError(f"The dataset's folder cannot be listed: {error.strerror}.") from None


def first_file(candidates: Iterable[Path]) -> Path | None:
    """The first of the paths that is a file."""
    return next((path for path in candidates if path.is_file()), None)


def rows_of(table: Path, columns: Iterable[str] = ()) -> Iterator[Row]:
    """The table's rows by column name.

    Raises:
        ConfigurationError: it lacks a column.
        StorageError: it cannot be read, or is cut short.
    """
    try:
        with _opened(table) as file:
            reader = csv.DictReader(file)
            missing = [name for name in columns if name not in (reader.fieldnames or ())]
            if missing:
                raise ConfigurationError(f"{table.name} lacks the column(s) {', '.join(missing)[:120]}.")
            yield from reader
    except (OSError, EOFError, zlib.error, csv.Error, UnicodeDecodeError) as error:
        raise StorageError(f"{table.name} cannot be read ({type(error).__name__}): download it again.") from None


def coded(row: Row, dataset: Dataset) -> dict[Finding, Assertion]:
    """The assertions in columns of CheXpert's codes (1, 0, -1, blank); No Finding always, at the least unmentioned.

    Blank ones are left out: whatever a dataset labels and does not state is unmentioned.
    """
    names = DATASET_NAMES[dataset.value]
    stated = {finding: row[name].strip() for name, finding in names.items()}
    said = {finding: Assertion.from_code(int(float(code))) for finding, code in stated.items() if code}
    return {Finding.NO_FINDING: Assertion.UNMENTIONED} | said


def listed(present: Iterable[str], dataset: Dataset) -> dict[Finding, Assertion]:
    """The assertions behind a list of label names: these present; No Finding always, at the least absent."""
    names = DATASET_NAMES[dataset.value]
    return {Finding.NO_FINDING: Assertion.ABSENT} | {
        names[name]: Assertion.PRESENT for name in present if name in names
    }


def age_of(text: str) -> int | None:
    """Whole years ("058Y", "58", "58.0"), 90 for everybody over 89; None where it is no age."""
    years = text.strip().removesuffix(".0")
    number = re.match(r"\d+", years)
    return whole_years(years) if number and int(number[0]) <= _OLDEST else None


def plain_name(text: str) -> str:
    """The text where it names a file and no way to another folder; else ValueError."""
    name = text.strip()
    if not _NAME.fullmatch(name) or name.startswith("."):
        raise ValueError("no file name")
    return name


def _opened(table: Path) -> TextIO:
    if table.suffix == ".gz":
        return gzip.open(table, "rt", encoding="utf-8-sig", newline="")
    return table.open(encoding="utf-8-sig", newline="")


def _parsed(
    row: Row, needed: Iterable[str], parse: Callable[[Row], PublishedImage | LeftOut]
) -> PublishedImage | LeftOut:
    if any(row[name] is None for name in needed):
        return LeftOut.BAD_ROW
    try:
        return parse(row)
    except (ValueError, KeyError, SyntaxError, OverflowError):
        return LeftOut.BAD_ROW

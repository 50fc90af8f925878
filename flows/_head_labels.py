"""A hospital's table of labels for heads: whichever number a row names its study by, the catalog's pseudonym for it."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import pandas as pd

from components.catalog import Catalog
from components.deidentify import Pseudonymiser, open_identities
from components.errors import ConfigurationError, RefusedInputError, StorageError
from components.settings import Settings
from components.training import FINDING_NAME

_VALUES = {"1": 1.0, "0": 0.0, "-1": np.nan, "": np.nan, "1.0": 1.0, "0.0": 0.0, "-1.0": np.nan}


class LabelsReason(StrEnum):
    """Why a table of labels is refused."""

    NOT_CSV = "not_csv"
    NO_FINDING = "no_finding"
    BAD_VALUE = "bad_value"
    CONTRADICTION = "contradiction"
    NO_STUDY = "no_study"


@dataclass(frozen=True, kw_only=True)
class HeadLabels:
    """What a table says of catalogued studies.

    labels: index study, a column a finding: 1 present, 0 absent, NaN not known. rows: of the table; unknown: those that
    name no study of the catalog; shared: those whose accession number several studies have, which are left out.
    """

    labels: pd.DataFrame
    rows: int
    unknown: int
    shared: int


def read_head_labels(file: Path, settings: Settings, *, finding: str | None, site: str) -> HeadLabels:
    """The labels in a CSV file: first column the study, then one column a finding: 1, 0, -1 or empty.

    A study is named by its accession number or Study Instance UID, as the hospital knows them or as pseudonyms.

    Args:
        finding: the one column to read; None reads all after the first.
        site: whose studies.

    Raises:
        StorageError: the file cannot be read.
        RefusedInputError: it is no such table; no row names a study of this site; rows contradict each other.
        ConfigurationError: there is no such column, or its name is no finding's.
    """
    table = _table(file)
    columns = _findings(table, finding)
    with open_identities(settings) as identities, Catalog.open(settings.catalog.get_secret_value()) as catalog:
        studies = _known(table.iloc[:, 0], catalog.studies(site), identities.pseudonymiser)
    found = pd.DataFrame({name: _values(table[column], name) for name, column in columns.items()})
    matched = found.assign(study=[one[0] if len(one) == 1 else None for one in studies]).dropna(subset=["study"])
    if matched.empty:
        raise RefusedInputError(
            LabelsReason.NO_STUDY,
            f"None of the {len(table)} rows names a study of {site}: the first column must hold accession numbers or "
            "Study Instance UIDs, and the studies must be ingested.",
        )
    return HeadLabels(
        labels=_by_study(matched),
        rows=len(table),
        unknown=sum(not one for one in studies),
        shared=sum(len(one) > 1 for one in studies),
    )


def _table(file: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except OSError as error:
        raise StorageError(f"The table of labels cannot be read: {error.strerror or 'no such file'}.") from None
    except ValueError:  # pandas' parser errors and wrong encodings are ValueErrors
        raise RefusedInputError(
            LabelsReason.NOT_CSV, "The table of labels is no CSV file in UTF-8 with a header."
        ) from None
    return table.map(str.strip)


def _findings(table: pd.DataFrame, finding: str | None) -> Mapping[str, str]:
    """Name of each finding → its column."""
    names = {re.sub(r"[\s-]+", "_", column.strip().lower()): column for column in table.columns[1:]}
    if not names:
        raise RefusedInputError(LabelsReason.NO_FINDING, "The table of labels has no column after the first.")
    if finding is not None:
        if finding not in names:
            raise ConfigurationError(f"The table of labels has no column for {finding!r}: name one of its columns.")
        names = {finding: names[finding]}
    for number, name in enumerate(names, start=2):
        if not re.fullmatch(FINDING_NAME, name):
            raise ConfigurationError(
                f"The name of column {number} is no finding's: letters, digits and spaces, a letter first. Rename it, "
                "or name the one to read with --finding."
            )
    return names


def _values(column: "pd.Series[str]", name: str) -> "pd.Series[float]":
    wrong = ~column.isin(list(_VALUES))
    if wrong.any():
        raise RefusedInputError(
            LabelsReason.BAD_VALUE,
            f"Column {name!r} must hold 1, 0, -1 or nothing, and row {int(wrong.to_numpy().argmax()) + 2} does not.",
        )
    return column.map(_VALUES).astype("float64")


def _known(named: Iterable[str], studies: pd.DataFrame, pseudonymiser: Pseudonymiser) -> list[list[str]]:
    """For each name the studies that it may mean: none, one, or several of one accession number."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for study, accession in zip(studies["study"], studies["accession"], strict=True):
        by_name[study].append(study)
        if accession is not None:
            by_name[accession].append(study)
    forms: tuple[Callable[[str], str], ...] = (str, pseudonymiser.accession, pseudonymiser.uid)
    return [
        next((by_name[known] for form in forms if (known := form(name)) in by_name), []) if name else []
        for name in named
    ]


def _by_study(matched: pd.DataFrame) -> pd.DataFrame:
    """One row a study; rows that say nothing give way to those that do."""
    groups = matched.groupby("study", sort=True)
    if (groups.nunique() > 1).any(axis=None):
        contradicted = int((groups.nunique() > 1).any(axis=1).sum())
        raise RefusedInputError(
            LabelsReason.CONTRADICTION,
            f"Of {contradicted} studies the table says both 1 and 0 for one finding: leave one row for each study.",
        )
    return groups.first()

"""Truth and scores from CSV files, for `radloop compare`."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from components.errors import ConfigurationError, StorageError
from components.evaluation._compare import compare
from components.evaluation._comparison import Comparison
from components.evaluation._readers import against_readers
from components.settings import GateSettings

_UNCERTAIN = -1


def compare_files(  # noqa: PLR0913  truth, two models, and how to judge them
    truth: Path,
    scores_a: Path,
    scores_b: Path,
    *,
    patients: str | None = None,
    groups: Sequence[str] = (),
    readers: Sequence[Path] = (),
    settings: GateSettings,
    seed: int,
) -> Comparison:
    """`compare` on three CSV files: the first column is the study, then one column a label.

    The labels are those that all three have, in the truth's order; the patients' column is none of them. In the truth
    1 is present, 0 absent; -1 (uncertain) and empty cells are not judged.

    Args:
        patients: name of the truth's column that holds the patient.
        groups: names of the truth's columns, of `Attribute`, by whose values the studies are grouped as well.
        readers: files in the same form, one a reader, of yes (1) and no (0): model B is held against them; they are
            called "reader 1" and on, in this order.

    Raises:
        StorageError: a file cannot be read.
        ConfigurationError: a file is no such table, or there is no common label.
        ModelError: scores that are missing (with the count) or not finite.
    """
    tables = {name: _read(name, path) for name, path in (("truth", truth), ("A", scores_a), ("B", scores_b))}
    facts = tables["truth"]
    _refuse_absent(facts, patients=patients, groups=groups)
    labels = _judged(facts[_common(tables, without={patients, *groups})])
    of_patient = None if patients is None else facts[patients]
    found = compare(
        labels,
        tables["A"],
        tables["B"],
        patients=of_patient,
        groups=facts[list(groups)] if groups else None,
        settings=settings,
        seed=seed,
    )
    if not readers:
        return found
    names = {f"reader {number}": path for number, path in enumerate(readers, start=1)}
    read = {name: _judged(_read(name, path)) for name, path in names.items()}
    against = against_readers(labels, tables["B"], read, patients=of_patient, settings=settings, seed=seed)
    return replace(found, readers=against)


def _refuse_absent(facts: pd.DataFrame, *, patients: str | None, groups: Sequence[str]) -> None:
    if patients is not None and patients not in facts.columns:
        raise ConfigurationError("The patients' column is not in the truth file; give the name of one of its columns.")
    absent = sum(group not in facts.columns for group in groups)
    if absent:
        raise ConfigurationError(f"The truth file lacks {absent} of {len(groups)} group columns; name columns of it.")


def _common(tables: Mapping[str, pd.DataFrame], *, without: set[str | None]) -> list[str]:
    """The labels that all have, in the truth's order."""
    common = [
        label
        for label in tables["truth"].columns
        if label not in without and all(label in table.columns for table in tables.values())
    ]
    if not common:
        raise ConfigurationError("The three files have no label column in common; name the labels alike in all three.")
    return common


def _judged(labels: pd.DataFrame) -> pd.DataFrame:
    return labels.mask(labels == _UNCERTAIN)


def _read(name: str, path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={0: str})
    except OSError as error:
        raise StorageError(f"The file of {name} cannot be read: {error.strerror or 'no such file'}.") from None
    except (ValueError, UnicodeDecodeError):  # pandas' parser errors are ValueErrors
        raise ConfigurationError(f"The file of {name} is not a CSV table with a header.") from None
    return table.set_index(table.columns[0])

"""Truth and scores from CSV files, for `radloop compare`."""

from pathlib import Path

import pandas as pd

from components.errors import ConfigurationError, StorageError
from components.evaluation._compare import compare
from components.evaluation._comparison import Comparison
from components.settings import GateSettings

_UNCERTAIN = -1


def compare_files(  # noqa: PLR0913  truth, two models, and how to judge them
    truth: Path,
    scores_a: Path,
    scores_b: Path,
    *,
    patients: str | None = None,
    settings: GateSettings,
    seed: int,
) -> Comparison:
    """`compare` on three CSV files: the first column is the study, then one column a label.

    The labels are those that all three have, in the truth's order; the patients' column is none of them. In the truth
    1 is present, 0 absent; -1 (uncertain) and empty cells are not judged.

    Args:
        patients: name of the truth's column that holds the patient.

    Raises:
        StorageError: a file cannot be read.
        ConfigurationError: a file is no such table, or there is no common label.
        ModelError: scores that are missing (with the count) or not finite.
    """
    tables = {name: _read(name, path) for name, path in (("truth", truth), ("A", scores_a), ("B", scores_b))}
    if patients is not None and patients not in tables["truth"].columns:
        raise ConfigurationError("The patients' column is not in the truth file; give the name of one of its columns.")
    common = [
        label
        for label in tables["truth"].columns
        if label != patients and all(label in table.columns for table in tables.values())
    ]
    if not common:
        raise ConfigurationError("The three files have no label column in common; name the labels alike in all three.")
    labels = tables["truth"][common]
    return compare(
        labels.mask(labels == _UNCERTAIN),
        tables["A"],
        tables["B"],
        patients=None if patients is None else tables["truth"][patients],
        settings=settings,
        seed=seed,
    )


def _read(name: str, path: Path) -> pd.DataFrame:
    try:
        table = pd.read_csv(path, dtype={0: str})
    except OSError as error:
        raise StorageError(f"The file of {name} cannot be read: {error.strerror or 'no such file'}.") from None
    except (ValueError, UnicodeDecodeError):  # pandas' parser errors are ValueErrors
        raise ConfigurationError(f"The file of {name} is not a CSV table with a header.") from None
    return table.set_index(table.columns[0])

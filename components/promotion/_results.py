"""All figures of a comparison or assessment as JSON, for the record beside the version."""

import dataclasses
import json
import math
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from components.errors import StorageError
from components.evaluation import Assessment, Comparison

_DRAWN = ("roc", "roc_a", "roc_b", "bins")  # curves: on the report card, and too long for a record


def write_results(path: Path, found: Comparison | Assessment) -> Path:
    """Writes every figure but the curves, undefined ones as null, and gives the file."""
    try:
        path.write_text(json.dumps(_plain(found), indent=1, sort_keys=True, allow_nan=False) + "\n")
    except OSError as error:
        raise StorageError(f"The results cannot be written: {error.strerror}.") from None
    return path


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        names = (field.name for field in dataclasses.fields(value))
        return {name: _plain(getattr(value, name)) for name in names if name not in _DRAWN}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple | list):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value

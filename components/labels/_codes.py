"""The int8 codes in which tables hold assertions."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from components.errors import DataQualityError
from components.findings import FINDINGS, Assertion

PRESENT, ABSENT, UNCERTAIN, UNMENTIONED, UNLABELLED = 1, 0, -1, -2, -3

CODES: Mapping[Assertion, int] = MappingProxyType(
    {
        Assertion.PRESENT: PRESENT,
        Assertion.ABSENT: ABSENT,
        Assertion.UNCERTAIN: UNCERTAIN,
        Assertion.UNMENTIONED: UNMENTIONED,
    }
)
"""Assertion → int8 code: 1 present, 0 absent, -1 uncertain, -2 unmentioned.

A table has one code more, which nobody asserts: -3 (UNLABELLED), where the labels are a published dataset's alone and
it does not label the finding.
"""

COLUMNS: list[str] = [finding.value for finding in FINDINGS]
"""The 14 columns of every table of codes, in the one order."""


def code_array(codes: pd.DataFrame) -> np.ndarray:
    """The 14 columns as int8 [N, 14] in the one order; DataQualityError where a column or a code is unknown."""
    missing = [column for column in COLUMNS if column not in codes.columns]
    if missing:
        raise DataQualityError(f"The table of label codes lacks {len(missing)} of 14 columns, first {missing[0]!r}.")
    values = codes[COLUMNS].to_numpy()
    if not np.isin(values, [*CODES.values(), UNLABELLED]).all():
        raise DataQualityError("The table of label codes holds another number than 1, 0, -1, -2 and -3.")
    checked: np.ndarray = values.astype(np.int8)
    return checked

"""Labels made consistent with each other, as in Irvin et al. 2019."""

import numpy as np
import pandas as pd

from components.findings import FINDINGS, PARENTS, Finding
from components.labels._codes import ABSENT, COLUMNS, PRESENT, UNCERTAIN, UNLABELLED, code_array


def propagate(codes: pd.DataFrame) -> pd.DataFrame:
    """The codes with the hierarchy applied: int8, same index, the 14 columns in their order.

    A present child makes its parent present, at every level. No Finding is absent where any other observation
    but support devices is present or uncertain. What is unlabelled stays so: positives that only follow from a child,
    without a negative among them, would teach a model which dataset a picture is from.
    """
    given = code_array(codes)
    table = pd.DataFrame(given, index=codes.index, columns=pd.Index(COLUMNS))
    for child in _children_first():
        table.loc[table[child.value] == PRESENT, PARENTS[child].value] = PRESENT
    diseases = [finding.value for finding in FINDINGS if finding not in {Finding.NO_FINDING, Finding.SUPPORT_DEVICES}]
    diseased = table[diseases].isin([PRESENT, UNCERTAIN]).any(axis=1)
    table.loc[diseased, Finding.NO_FINDING.value] = ABSENT
    settled = np.where(given == UNLABELLED, given, table.to_numpy())
    return pd.DataFrame(settled, index=table.index, columns=table.columns)


def _children_first() -> list[Finding]:
    """Every observation with a parent, each before its parent."""
    return sorted(PARENTS, key=_depth, reverse=True)


def _depth(finding: Finding) -> int:
    return 1 + _depth(PARENTS[finding]) if finding in PARENTS else 0

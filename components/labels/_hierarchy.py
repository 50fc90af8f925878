"""Labels made consistent with each other, as in Irvin et al. 2019."""

import pandas as pd

from components.findings import FINDINGS, PARENTS, Finding
from components.labels._codes import ABSENT, COLUMNS, PRESENT, UNCERTAIN, code_array


def propagate(codes: pd.DataFrame) -> pd.DataFrame:
    """The codes with the hierarchy applied: int8, same index, the 14 columns in their order.

    A present child makes its parent present, at every level. No Finding is absent where any other observation
    but support devices is present or uncertain.
    """
    table = pd.DataFrame(code_array(codes), index=codes.index, columns=pd.Index(COLUMNS))
    for child in _children_first():
        table.loc[table[child.value] == PRESENT, PARENTS[child].value] = PRESENT
    diseases = [finding.value for finding in FINDINGS if finding not in {Finding.NO_FINDING, Finding.SUPPORT_DEVICES}]
    diseased = table[diseases].isin([PRESENT, UNCERTAIN]).any(axis=1)
    table.loc[diseased, Finding.NO_FINDING.value] = ABSENT
    return table


def _children_first() -> list[Finding]:
    """Every observation with a parent, each before its parent."""
    return sorted(PARENTS, key=_depth, reverse=True)


def _depth(finding: Finding) -> int:
    return 1 + _depth(PARENTS[finding]) if finding in PARENTS else 0

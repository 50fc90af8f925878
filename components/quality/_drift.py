"""Whether a snapshot still resembles the last accepted one: labels, and who and what was photographed.

A difference counts when it is both large and beyond chance. Chance is judged by Pearson's chi-squared test; a
snapshot that holds the older one is no independent sample, which makes the test cautious.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.findings import FINDINGS
from components.quality._profile import SnapshotProfile
from components.quality._report import Severity
from components.quality._rules import Rule, holds

_SURE, _VERY_SURE = 1e-3, 1e-6
_LARGE_FACTOR, _ABSURD_FACTOR = 1.5, 4.0
_LEAST_CHANGE = 0.02  # of all studies: below, a factor says little
_LARGE_SHIFT = 0.15  # total variation: this share of studies fell into another class


@dataclass(frozen=True, kw_only=True)
class _Change:
    """One comparison with the last accepted snapshot."""

    name: str
    within: bool
    sentence: str
    severity: Severity = Severity.WARNING


def drift_table(now: SnapshotProfile, accepted: SnapshotProfile) -> tuple[pd.DataFrame, list[Rule]]:
    """One row with a truth a comparison, and the rules that ask for them.

    Critical: a finding present at least four times as often as before, or a quarter as often (p < 1e-6): reports or
    labeller have changed, not patients. Warnings: present or uncertain 1.5 times as often (p < .001), a mix of
    views, vendors, sexes or ages shifted by 15 % of the studies, or a value of it that is new.
    """
    changes = [*_of_findings(now, accepted), *_of_mixes(now, accepted)]
    row = pd.DataFrame([{change.name: change.within for change in changes}])
    return row, [holds(change.name, change.sentence, severity=change.severity) for change in changes]


def _of_findings(now: SnapshotProfile, accepted: SnapshotProfile) -> Iterator[_Change]:
    for finding in FINDINGS:
        for word in ("present", "uncertain"):
            shares = now.share(finding.value, word), accepted.share(finding.value, word)
            p = _p_value(
                _two_classes(now.findings[finding.value].get(word, 0), now.studies),
                _two_classes(accepted.findings[finding.value].get(word, 0), accepted.studies),
            )
            factor = _factor(*shares)
            moved = abs(shares[0] - shares[1]) >= _LEAST_CHANGE
            absurd = word == "present" and moved and factor >= _ABSURD_FACTOR and p < _VERY_SURE
            yield _Change(
                name=f"{finding} {word} as before",
                within=not (moved and factor >= _LARGE_FACTOR and p < _SURE),
                severity=Severity.CRITICAL if absurd else Severity.WARNING,
                sentence=f"{finding.title} is {word} in {shares[0]:.1%} of studies, in the last accepted snapshot in "
                f"{shares[1]:.1%} (p {_shown(p)}).",
            )


def _of_mixes(now: SnapshotProfile, accepted: SnapshotProfile) -> Iterator[_Change]:
    for name in now.mix:
        new, old = now.mix[name], accepted.mix.get(name, {})
        values = sorted(new.keys() | old.keys())
        counts = [np.array([mix.get(value, 0) for value in values], dtype=float) for mix in (new, old)]
        shift = _shift(*counts)
        p = _p_value(*counts)
        strangers = [value for value in values if not old.get(value) and new.get(value, 0) >= 0.05 * sum(new.values())]
        text = f"{shift:.0%} of the studies are of another {name} than in the last accepted snapshot (p {_shown(p)})."
        yield _Change(
            name=f"{name} as before",
            within=not (strangers or (shift >= _LARGE_SHIFT and p < _SURE)),
            sentence=text if not strangers else f"{text[:-1]}; new: {', '.join(strangers[:3])}.",
        )


def _two_classes(count: int, of: int) -> np.ndarray:
    return np.array([count, of - count], dtype=float)


def _factor(one: float, other: float) -> float:
    """How many times the smaller the larger is; infinite where one is 0 and the other not."""
    low, high = sorted((one, other))
    return 1.0 if high == low else high / low if low else float("inf")


def _shift(one: np.ndarray, other: np.ndarray) -> float:
    """Total variation distance of two mixes, 0..1; 0 where one is empty."""
    if not one.sum() or not other.sum():
        return 0.0
    return float(np.abs(one / one.sum() - other / other.sum()).sum() / 2)


def _p_value(one: np.ndarray, other: np.ndarray) -> float:
    """Pearson's chi-squared test that two rows of counts are of one distribution; 1 where it cannot be asked."""
    from scipy.stats import chi2_contingency

    table = np.vstack([one, other])
    table = table[:, table.sum(axis=0) > 0]
    if table.shape[1] < 2 or not table.sum(axis=1).all():  # noqa: PLR2004
        return 1.0
    return float(chi2_contingency(table, correction=False).pvalue)


def _shown(p: float) -> str:
    return "< .001" if p < _SURE else f"= {p:.3f}".replace("0.", ".", 1)

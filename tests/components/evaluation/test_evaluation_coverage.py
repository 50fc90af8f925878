"""Intervals hold the truth as often as they say, and tests sound no oftener: the benchmark, with fewer runs."""

import pytest
from scipy import stats

from benchmarks.coverage import CASES, Case, share

_UNLIKELY = 1e-4  # a case within its bounds is called wrong once in ten thousand seeds
_SHORTER = 10  # times fewer runs than the benchmark's


def between(runs: int, low: float, high: float) -> tuple[float, float]:
    """Where the share of so many runs lies when its true value is from `low` to `high`."""
    return stats.binom.ppf(_UNLIKELY, runs, low) / runs, stats.binom.isf(_UNLIKELY, runs, high) / runs


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_interval_covers_and_the_test_keeps_its_level(case: Case) -> None:
    runs = case.runs // _SHORTER
    if case.holds is not None:
        low, high = between(runs, *case.expected)
        assert low <= share(case.holds, runs, seed=1) <= high
    if case.sounds is not None:
        low, high = between(runs, case.level * 0.8, case.level * 1.2)
        assert low <= share(case.sounds, runs, seed=2) <= high

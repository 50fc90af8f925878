"""A two-sided interval, and the undefined one."""

from typing import NamedTuple

from scipy import stats


class Interval(NamedTuple):
    """Lower and upper bound; both NaN where the interval is undefined."""

    low: float
    high: float


UNDEFINED = Interval(float("nan"), float("nan"))


def normal_interval(centre: float, spread: float, alpha: float) -> Interval:
    """The 1 - alpha interval around a normally distributed estimate with standard error `spread`."""
    reach = float(stats.norm.isf(alpha / 2)) * spread
    return Interval(centre - reach, centre + reach)

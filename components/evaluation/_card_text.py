"""Figures with their intervals, as the report card's tables write them."""

import math
from dataclasses import dataclass

from components.evaluation import _text as text
from components.evaluation._interval import Interval


@dataclass(frozen=True)
class Figure:
    """A figure with its interval below; both empty where there is none to show."""

    value: str = ""
    interval: str = ""


NO_FIGURE = Figure()


def share_text(value: float) -> str:
    """A share with two digits: 0.94, or – where undefined."""
    return f"{value:.2f}" if math.isfinite(value) else text.NOT_DEFINED


def share(value: float, interval: Interval) -> Figure:
    """A share with its interval: 0.94, 0.88–0.97."""
    return Figure(share_text(value), f"{interval.low:.2f}–{interval.high:.2f}" if math.isfinite(interval.low) else "")


def auc(value: float, interval: Interval) -> Figure:
    """An area with its interval: 0.853, 0.801–0.896."""
    return Figure(text.auc_text(value), text.interval_text(interval))


def difference(value: float, interval: Interval) -> Figure:
    """A difference with its interval: +0.039, +0.012 to +0.066."""
    return Figure(text.difference_text(value), text.difference_interval_text(interval))

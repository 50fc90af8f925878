"""Figures as people read them: on the report card, in verdicts, on the command line."""

import math

from components.evaluation._interval import Interval
from components.findings import Finding

NOT_DEFINED = "–"
_SMALLEST_P = 0.001


def label_title(label: str) -> str:
    """A finding's name as people read it; any other label as it is."""
    return Finding(label).title if label in set(Finding) else label


def auc_text(value: float) -> str:
    """An AUC: 0.853, or – where undefined."""
    return f"{value:.3f}" if math.isfinite(value) else NOT_DEFINED


def difference_text(value: float) -> str:
    """A difference: +0.039 or −0.012."""
    if not math.isfinite(value):
        return NOT_DEFINED
    written = f"{value:+.3f}"
    return "0.000" if float(written) == 0 else written.replace("-", "−")


def interval_text(interval: Interval) -> str:
    """An AUC's interval: 0.801–0.896, or nothing where undefined."""
    return f"{interval.low:.3f}–{interval.high:.3f}" if math.isfinite(interval.low) else ""


def difference_interval_text(interval: Interval) -> str:
    """A difference's interval: +0.012 to +0.066."""
    return f"{difference_text(interval.low)} to {difference_text(interval.high)}" if math.isfinite(interval.low) else ""


def unbroken(sentence: str) -> str:
    """A sentence in which "p = 0.003" and "95 %" do not break over two lines."""
    return sentence.replace(" = ", "\u00a0=\u00a0").replace(" %", "\u00a0%")


def p_text(value: float) -> str:
    """A p value: 0.034, <0.001, or – where undefined."""
    if not math.isfinite(value):
        return NOT_DEFINED
    return f"<{_SMALLEST_P}" if value < _SMALLEST_P else f"{value:.3f}"

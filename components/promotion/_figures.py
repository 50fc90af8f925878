"""Figures in a clause's sentence and record."""

import math

from components.evaluation import p_text


def p_equals(value: float) -> str:
    """A p value in a sentence: "p = 0.034" or "p < 0.001"."""
    written = p_text(value)
    return f"p {written[0]} {written[1:]}" if written.startswith("<") else f"p = {written}"


def level_text(alpha: float) -> str:
    """An interval's level in per cent: 95, 99.5."""
    return f"{100 * (1 - alpha):.6g}"


def figure(value: float) -> float | None:
    """A figure as the ledger records it: None where undefined."""
    return float(value) if math.isfinite(value) else None

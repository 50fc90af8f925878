"""What the report card's drawings share: inline SVG without any outside reference, colours from the page's style."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup

_MOST_LINES = 6

Scale = Callable[[float], float]
"""Figures to places."""


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """The scale from low..high to start..end; a single figure stands in the middle."""
    if high == low:
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def round_values(low: float, high: float) -> list[float]:
    """Two to six round numbers between the two; the lower one where there is no room."""
    width = (high - low) or 1.0
    unit = 10.0 ** math.floor(math.log10(width))
    step = next(unit * part for part in (0.2, 0.5, 1, 2) if width / (unit * part) < _MOST_LINES)
    values = [round(n * step, 6) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return values or [low]


def line(places: Sequence[tuple[float, float]], kind: str) -> str:
    """A curve through places of the drawing; nothing where there is none."""
    path = "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
    return f'<path class="curve {kind}" d="M{path}"/>' if path else ""


def drawing(kind: str, size: tuple[float, float, float, float], told: str, parts: Sequence[str]) -> Markup:
    """The SVG of these parts, whose every outside word was escaped. size: left, top, width, height."""
    box = " ".join(f"{edge:g}" for edge in size)
    inside = "".join(parts)
    return Markup(f'<svg class="{kind}" viewBox="{box}" role="img" aria-label="{told}">{inside}</svg>')  # noqa: S704

"""The report card's forest plot: differences in AUC with their intervals."""

import math
from dataclasses import dataclass

from markupsafe import Markup, escape

from components.evaluation._card_drawing import Scale, drawing, linear
from components.evaluation._comparison import Comparison, LabelComparison
from components.evaluation._interval import Interval
from components.evaluation._text import difference_text, label_title

_WIDTH, _LEFT, _RIGHT, _ROW = 720, 165, 170, 20
_BAR_WIDTH, _BAR_HEIGHT = 150, 16
_SMALLEST_REACH, _LARGEST_REACH = 0.05, 0.5
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 4
_LONGEST_NAME = 26  # characters beside the plot


@dataclass(frozen=True)
class _Axis:
    """Where a difference stands; what lies beyond the axis ends at it, with an arrow."""

    reach: float
    place: Scale

    def at(self, value: float) -> float:
        return self.place(max(-self.reach, min(self.reach, value)))


def forest_figure(comparison: Comparison, max_label_loss: float | None) -> Markup:
    """The differences in AUC with their intervals, one row a label, the mean as a diamond below."""
    reach = reach_of([label.delta_ci for label in comparison.labels if label.judged] + [comparison.overall.delta_ci])
    axis = _Axis(reach, linear(-reach, reach, _LEFT, _WIDTH - _RIGHT))
    bottom = _ROW * (len(comparison.labels) + 2)
    parts = []
    if max_label_loss is not None and max_label_loss < reach:
        left, limit = axis.at(-reach), axis.at(-max_label_loss)
        parts.append(f'<rect class="loss" x="{left:.1f}" y="0" width="{limit - left:.1f}" height="{bottom}"/>')
    parts.append(_ticks(axis, bottom))
    parts += [_row(label, axis, _ROW * (number + 0.75)) for number, label in enumerate(comparison.labels)]
    parts.append(_mean(comparison, axis))
    return drawing("forest", (0, 0, _WIDTH, bottom + 46), "Differences in AUC with intervals", parts)


def bar_figure(delta: float, interval: Interval, *, reach: float, kind: str) -> Markup:
    """One difference with its interval, for a cell of a table; the line in the middle is no difference."""
    axis, y = _Axis(reach, linear(-reach, reach, 6, _BAR_WIDTH - 6)), _BAR_HEIGHT / 2
    zero = f'<path class="zero" d="M{axis.at(0):.1f} 0V{_BAR_HEIGHT}"/>'
    parts = [zero, _whisker(delta, interval, axis=axis, y=y, kind=kind)]
    return drawing("bar", (0, 0, _BAR_WIDTH, _BAR_HEIGHT), "Difference with interval", parts)


def reach_of(intervals: list[Interval]) -> float:
    """Half an axis: what the intervals need, between 0.05 and 0.5."""
    ends = [abs(end) for interval in intervals for end in interval if math.isfinite(end)]
    return min(_LARGEST_REACH, max([_SMALLEST_REACH, *ends]) * 1.08)


def _row(label: LabelComparison, axis: _Axis, y: float) -> str:
    kind = label.verdict.name.lower()
    words = _words(label_title(label.label), label.delta, label.delta_ci, y=y, kind=kind)
    return words + _whisker(label.delta, label.delta_ci, axis=axis, y=y, kind=kind)


def _whisker(delta: float, interval: Interval, *, axis: _Axis, y: float, kind: str) -> str:
    """Dot and line; nothing where the difference is undefined."""
    if not math.isfinite(delta):
        return ""
    drawn = ""
    if math.isfinite(interval.low):
        low, high = (axis.at(value) for value in interval)
        drawn += f'<path class="whisker {kind}" d="M{low:.1f} {y:.1f}H{high:.1f}"/>'
        arrows = ((low, 4, interval.low < -axis.reach), (high, -4, interval.high > axis.reach))
        drawn += "".join(
            f'<path class="whisker {kind}" d="M{end + inward:.1f} {y - 3:.1f}L{end:.1f} {y:.1f}l{inward} 3"/>'
            for end, inward, beyond in arrows
            if beyond
        )
    return drawn + f'<circle class="dot {kind}" cx="{axis.at(delta):.1f}" cy="{y:.1f}" r="4"/>'


def _mean(comparison: Comparison, axis: _Axis) -> str:
    overall, y = comparison.overall, _ROW * (len(comparison.labels) + 1.25)
    drawn = f'<path class="rule" d="M0 {_ROW * (len(comparison.labels) + 0.35):.1f}H{_WIDTH}"/>'
    drawn += _words("Mean of judged labels", overall.delta, overall.delta_ci, y=y, kind="mean")
    if math.isfinite(overall.delta_ci.low):
        low, mid, high = (axis.at(each) for each in (overall.delta_ci.low, overall.delta, overall.delta_ci.high))
        above, below = f"{y - 6:.1f}", f"{y + 6:.1f}"
        drawn += (
            f'<path class="diamond" d="M{low:.1f} {y:.1f}L{mid:.1f} {above}L{high:.1f} {y:.1f}L{mid:.1f} {below}Z"/>'
        )
    return drawn


def _words(name: str, delta: float, interval: Interval, *, y: float, kind: str) -> str:
    half = _LONGEST_NAME // 2  # long names of one kind often differ at their end alone
    shown = name if len(name) <= _LONGEST_NAME else f"{name[:half].rstrip()}…{name[-half:].lstrip()}"
    ends = (
        f" ({difference_text(interval.low)} to {difference_text(interval.high)})" if math.isfinite(interval.low) else ""
    )
    return (
        f'<text class="name {kind}" x="0" y="{y + 4:.1f}">{escape(shown)}</text>'
        f'<text class="figure {kind}" x="{_WIDTH}" y="{y + 4:.1f}">{difference_text(delta)}{ends}</text>'
    )


def _ticks(axis: _Axis, bottom: float) -> str:
    step = next((step for step in _STEPS if axis.reach / step <= _MOST_STEPS), _STEPS[-1])
    count = int(axis.reach / step + 1e-9)
    ticks = "".join(_tick(n * step, axis, bottom) for n in range(-count, count + 1))
    return (
        f'{ticks}<text class="tick" x="{axis.at(-axis.reach / 2):.1f}" y="{bottom + 34}">← champion better</text>'
        f'<text class="tick" x="{axis.at(axis.reach / 2):.1f}" y="{bottom + 34}">candidate better →</text>'
    )


def _tick(value: float, axis: _Axis, bottom: float) -> str:
    kind, written = ("grid", difference_text(value).rstrip("0")) if value else ("zero", "0")
    return (
        f'<path class="{kind}" d="M{axis.at(value):.1f} 0V{bottom}"/>'
        f'<text class="tick" x="{axis.at(value):.1f}" y="{bottom + 15}">{written}</text>'
    )

"""The report card's drawings, as inline SVG without any outside reference; colours come from the page's style."""

import math
from collections.abc import Callable, Sequence

from markupsafe import Markup, escape

from components.evaluation._card_data import CurvePoint
from components.evaluation._comparison import Comparison, LabelComparison
from components.evaluation._interval import Interval
from components.evaluation._roc import RocCurve
from components.evaluation._text import difference_text, label_title

_ROC_SIDE = 100
_FOREST_WIDTH, _FOREST_LEFT, _FOREST_RIGHT, _ROW = 720, 165, 170, 20
_SMALLEST_REACH, _LARGEST_REACH = 0.05, 0.5
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2)
_MOST_STEPS = 4
_MOST_LINES = 6
_CHART_WIDTH, _CHART_HEIGHT, _CHART_LEFT, _CHART_BOTTOM = 340, 170, 40, 22


def roc_figure(champion: RocCurve | None, candidate: RocCurve) -> Markup:
    """One small ROC picture: the candidate solid over the champion dashed."""
    side = _ROC_SIDE
    parts = [
        f'<svg class="roc" viewBox="-2 -2 {side + 4} {side + 4}" role="img" aria-label="ROC curves">',
        f'<rect class="frame" x="0" y="0" width="{side}" height="{side}"/>',
        *(f'<path class="grid" d="M{at} 0V{side}M0 {at}H{side}"/>' for at in (25, 50, 75)),
        f'<path class="chance" d="M0 {side}L{side} 0"/>',
    ]
    if champion is not None:
        parts.append(_curve(champion, "champion"))
    parts += [_curve(candidate, "candidate"), "</svg>"]
    return _drawing(parts)


def _curve(curve: RocCurve, kind: str) -> str:
    if not curve.false_positive_rate:
        return ""
    corners = zip(curve.false_positive_rate, curve.true_positive_rate, strict=True)
    path = "L".join(f"{x * _ROC_SIDE:.1f} {(1 - y) * _ROC_SIDE:.1f}" for x, y in corners)
    return f'<path class="curve {kind}" d="M{path}"/>'


def forest_figure(comparison: Comparison, max_label_loss: float | None) -> Markup:
    """The differences in AUC with their intervals, one row a label, the mean as a diamond below."""
    reach = _reach(comparison)
    place = _scale(-reach, reach, _FOREST_LEFT, _FOREST_WIDTH - _FOREST_RIGHT)
    bottom = _ROW * (len(comparison.labels) + 2)
    parts = [
        f'<svg class="forest" viewBox="0 0 {_FOREST_WIDTH} {bottom + 46}" role="img" '
        'aria-label="Differences in AUC with intervals">'
    ]
    if max_label_loss is not None and max_label_loss < reach:
        left, limit = place(-reach), place(-max_label_loss)
        parts.append(f'<rect class="loss" x="{left:.1f}" y="0" width="{limit - left:.1f}" height="{bottom}"/>')
    parts += [_axis(place, reach, bottom), *_rows(comparison, place, reach), "</svg>"]
    return _drawing(parts)


def _rows(comparison: Comparison, place: Callable[[float], float], reach: float) -> list[str]:
    rows = [
        _forest_row(label, place=place, reach=reach, y=_ROW * (number + 0.75))
        for number, label in enumerate(comparison.labels)
    ]
    overall, y = comparison.overall, _ROW * (len(comparison.labels) + 1.25)
    line = _ROW * (len(comparison.labels) + 0.35)
    rows.append(f'<path class="rule" d="M0 {line:.1f}H{_FOREST_WIDTH}"/>')
    rows.append(_words("Mean of judged labels", overall.delta, overall.delta_ci, y=y, kind="mean"))
    if math.isfinite(overall.delta_ci.low):
        low, mid, high = (
            place(_clip(value, reach)) for value in (overall.delta_ci.low, overall.delta, overall.delta_ci.high)
        )
        rows.append(
            f'<path class="diamond" d="M{low:.1f} {y:.1f}L{mid:.1f} {y - 6:.1f}'
            f'L{high:.1f} {y:.1f}L{mid:.1f} {y + 6:.1f}Z"/>'
        )
    return rows


def _forest_row(label: LabelComparison, *, place: Callable[[float], float], reach: float, y: float) -> str:
    kind = label.verdict.name.lower()
    drawn = _words(label_title(label.label), label.delta, label.delta_ci, y=y, kind=kind)
    if not math.isfinite(label.delta):
        return drawn
    if math.isfinite(label.delta_ci.low):
        low, high = (place(_clip(value, reach)) for value in label.delta_ci)
        drawn += f'<path class="whisker {kind}" d="M{low:.1f} {y:.1f}H{high:.1f}"/>'
        drawn += "".join(
            f'<path class="whisker {kind}" d="M{end + inward:.1f} {y - 3:.1f}L{end:.1f} {y:.1f}l{inward} 3"/>'
            for end, inward, beyond in ((low, 4, label.delta_ci.low < -reach), (high, -4, label.delta_ci.high > reach))
            if beyond
        )
    return drawn + f'<circle class="dot {kind}" cx="{place(_clip(label.delta, reach)):.1f}" cy="{y:.1f}" r="4"/>'


def _words(name: str, delta: float, interval: Interval, *, y: float, kind: str) -> str:
    ends = (
        f" ({difference_text(interval.low)} to {difference_text(interval.high)})" if math.isfinite(interval.low) else ""
    )
    return (
        f'<text class="name {kind}" x="0" y="{y + 4:.1f}">{escape(name)}</text>'
        f'<text class="figure {kind}" x="{_FOREST_WIDTH}" y="{y + 4:.1f}">{difference_text(delta)}{ends}</text>'
    )


def _axis(place: Callable[[float], float], reach: float, bottom: float) -> str:
    step = next((step for step in _STEPS if reach / step <= _MOST_STEPS), _STEPS[-1])
    count = int(reach / step + 1e-9)
    ticks = "".join(_tick(n * step, place=place, bottom=bottom) for n in range(-count, count + 1))
    return (
        f'{ticks}<text class="tick" x="{place(-reach / 2):.1f}" y="{bottom + 34}">← champion better</text>'
        f'<text class="tick" x="{place(reach / 2):.1f}" y="{bottom + 34}">candidate better →</text>'
    )


def _tick(value: float, *, place: Callable[[float], float], bottom: float) -> str:
    kind, written = ("grid", difference_text(value).rstrip("0")) if value else ("zero", "0")
    return (
        f'<path class="{kind}" d="M{place(value):.1f} 0V{bottom}"/>'
        f'<text class="tick" x="{place(value):.1f}" y="{bottom + 15}">{written}</text>'
    )


def _reach(comparison: Comparison) -> float:
    """Half the axis: what the judged labels' intervals need, between 0.05 and 0.5."""
    ends = [abs(end) for label in comparison.labels if label.judged for end in label.delta_ci if math.isfinite(end)]
    ends += [abs(end) for end in comparison.overall.delta_ci if math.isfinite(end)]
    return min(_LARGEST_REACH, max([_SMALLEST_REACH, *ends]) * 1.08)


def _clip(value: float, reach: float) -> float:
    return max(-reach, min(reach, value))


def training_figures(points: Sequence[CurvePoint]) -> list[Markup]:
    """Loss and validation AUC by epoch; the best epoch is marked."""
    best = min(points, key=lambda point: _or_infinite(point.validation_loss)).epoch
    losses = {
        "champion": [(point.epoch, point.train_loss) for point in points],
        "candidate": [(point.epoch, point.validation_loss) for point in points],
    }
    areas = {"candidate": [(point.epoch, point.validation_auc) for point in points]}
    return [_chart(losses, best=best), _chart(areas, best=best)]


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _chart(lines: dict[str, list[tuple[int, float]]], *, best: int) -> Markup:
    drawn = {kind: [point for point in line if math.isfinite(point[1])] for kind, line in lines.items()}
    values = [value for line in drawn.values() for _, value in line] or [0.0]
    epochs = [epoch for line in lines.values() for epoch, _ in line]
    spare = (max(values) - min(values)) * 0.08 or 0.01
    x = _scale(min(epochs), max(epochs), _CHART_LEFT, _CHART_WIDTH - 10)
    y = _scale(min(values) - spare, max(values) + spare, _CHART_HEIGHT - _CHART_BOTTOM, 8)
    parts = [f'<svg class="chart" viewBox="0 0 {_CHART_WIDTH} {_CHART_HEIGHT}" role="img" aria-label="Training curve">']
    for value in _round_values(min(values), max(values)):
        parts.append(f'<path class="grid" d="M{_CHART_LEFT} {y(value):.1f}H{_CHART_WIDTH - 10}"/>')
        parts.append(f'<text class="figure" x="{_CHART_LEFT - 6}" y="{y(value) + 4:.1f}">{value:g}</text>')
    for epoch in sorted({min(epochs), best, max(epochs)}):
        parts.append(f'<text class="tick" x="{x(epoch):.1f}" y="{_CHART_HEIGHT - 5}">{epoch}</text>')
    for kind, line in drawn.items():
        path = "L".join(f"{x(epoch):.1f} {y(value):.1f}" for epoch, value in line)
        parts.append(f'<path class="curve {kind}" d="M{path}"/>' if path else "")
        parts += [
            f'<circle class="best" cx="{x(e):.1f}" cy="{y(v):.1f}" r="4"/>'
            for e, v in line
            if e == best and kind == "candidate"
        ]
    return _drawing([*parts, "</svg>"])


def _round_values(low: float, high: float) -> list[float]:
    """Two to six round numbers between the two; the two themselves where there is no room."""
    width = (high - low) or 1.0
    unit = 10.0 ** math.floor(math.log10(width))
    step = next(unit * part for part in (0.2, 0.5, 1, 2) if width / (unit * part) < _MOST_LINES)
    values = [round(n * step, 6) for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
    return values or [low]


def _scale(low: float, high: float, start: float, end: float) -> Callable[[float], float]:
    """Figures to places; a single figure stands in the middle."""
    if high == low:
        return lambda _: (start + end) / 2
    return lambda value: start + (value - low) / (high - low) * (end - start)


def _drawing(parts: Sequence[str]) -> Markup:
    return Markup("".join(parts))  # noqa: S704  figures and our own words; names were escaped in _words

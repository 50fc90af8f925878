"""The report card's curves: the training, and what local images buy; and its maps of embeddings."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from components.evaluation._card_data import CurvePoint
from components.evaluation._card_drawing import Scale, drawing, line, linear, round_values
from components.evaluation._efficiency import EfficiencyCurves, EfficiencyPoint, EmbeddingMap

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 340, 170, 40, 22
_WIDE_WIDTH, _WIDE_HEIGHT = 720, 260
_MAP_SIDE = 200
_MOST_POINTS = 1500  # of a map, evenly thinned
_MARKS = (
    "M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0 -6.8 0Z",
    "M-3.2 -3.2h6.4v6.4h-6.4Z",
    "M0 -4.2L4 3H-4Z",
    "M0 -4.4L4.4 0L0 4.4L-4.4 0Z",
)
_KINDS = 6  # of lines that the page's style tells apart
_NEAR = 26  # places between two numbers below an axis


def training_figures(points: Sequence[CurvePoint]) -> list[Markup]:
    """Loss and validation AUC by epoch; the best epoch is marked."""
    best = min(points, key=lambda point: _or_infinite(point.validation_loss)).epoch
    losses = {
        "champion": [(point.epoch, point.train_loss) for point in points],
        "candidate": [(point.epoch, point.validation_loss) for point in points],
    }
    areas = {"candidate": [(point.epoch, point.validation_auc) for point in points]}
    return [_chart(losses, best=best), _chart(areas, best=best)]


def efficiency_figure(curves: EfficiencyCurves) -> Markup:
    """Mean AUC against the number of local images, on a logarithmic axis, a line a strategy, with intervals."""
    counts = sorted({point.images for point in curves.points})
    values = [value for point in curves.points for value in (point.low, point.mean_auc, point.high)]
    finite = [value for value in values if math.isfinite(value)] or [0.5]
    across = linear(_log(counts[0]), _log(counts[-1]), _LEFT + 12, _WIDE_WIDTH - 16)
    up = linear(min(finite) - 0.01, max(finite) + 0.01, _WIDE_HEIGHT - _BOTTOM, 8)
    parts = [*_rules(min(finite), max(finite), up=up, width=_WIDE_WIDTH)]
    parts += _ticks({count: across(_log(count)) for count in counts}, _WIDE_HEIGHT)
    for number, strategy in enumerate(curves.strategies):
        parts += _strategy(curves.of(strategy), number, across=across, up=up)
    return drawing("chart wide", (0, 0, _WIDE_WIDTH, _WIDE_HEIGHT), "Mean AUC by number of local images", parts)


def strategy_mark(number: int) -> Markup:
    """The line and mark of a strategy, for the legend."""
    parts = [f'<path class="curve s{number % _KINDS}" d="M0 6H30"/>', _mark(15, 6, number)]
    return drawing("sample", (0, 0, 30, 12), "", parts)


def map_figure(embedded: EmbeddingMap) -> Markup:
    """Each study a point, near ones alike; those with the label in colour, over the others."""
    step = max(1, math.ceil(len(embedded.xy) / _MOST_POINTS))
    places, positive = embedded.xy[::step].astype(np.float64), embedded.positive[::step]
    low, high = places.min(axis=0), places.max(axis=0)
    spread = max(float((high - low).max()), 1e-9)
    placed = (places - (low + high) / 2) / spread * (_MAP_SIDE - 12) + _MAP_SIDE / 2
    parts = [
        f'<rect class="frame" x="0" y="0" width="{_MAP_SIDE}" height="{_MAP_SIDE}"/>',
        _points(placed[~positive], "others"),
        _points(placed[positive], "those"),
    ]
    return drawing("map", (-2, -2, _MAP_SIDE + 4, _MAP_SIDE + 4), "Map of embeddings", parts)


def _points(places: NDArray[np.float64], kind: str) -> str:
    """Dots as one path: round ends of lines without length."""
    dots = "".join(f"M{x:.0f} {y:.0f}h0" for x, y in places)
    return f'<path class="{kind}" d="{dots}"/>' if dots else ""


def _strategy(points: Sequence[EfficiencyPoint], number: int, *, across: Scale, up: Scale) -> Iterator[str]:
    kind = f"s{number % _KINDS}"
    aside = (number % 2 * 2 - 1) * (number // 2 + 0.5) * 2  # intervals of several strategies stand side by side
    known = [point for point in points if math.isfinite(point.mean_auc)]
    places = [(across(_log(point.images)) + aside, up(point.mean_auc)) for point in known]
    for (x, _), point in zip(places, known, strict=True):
        if math.isfinite(point.low):
            yield f'<path class="whisker {kind}" d="M{x:.1f} {up(point.low):.1f}V{up(point.high):.1f}"/>'
    yield line(places, kind)
    yield from (_mark(x, y, number) for x, y in places)


def _mark(x: float, y: float, number: int) -> str:
    shape = _MARKS[number % len(_MARKS)]
    return f'<path class="mark s{number % _KINDS}" transform="translate({x:.1f} {y:.1f})" d="{shape}"/>'


def _log(count: int) -> float:
    return math.log10(max(count, 1))


def _or_infinite(value: float) -> float:
    return value if math.isfinite(value) else math.inf


def _chart(lines: Mapping[str, list[tuple[int, float]]], *, best: int) -> Markup:
    drawn = {kind: [point for point in points if math.isfinite(point[1])] for kind, points in lines.items()}
    values = [value for points in drawn.values() for _, value in points] or [0.0]
    epochs = [epoch for points in lines.values() for epoch, _ in points]
    spare = (max(values) - min(values)) * 0.08 or 0.01
    x = linear(min(epochs), max(epochs), _LEFT, _WIDTH - 10)
    y = linear(min(values) - spare, max(values) + spare, _HEIGHT - _BOTTOM, 8)
    parts = [*_rules(min(values), max(values), up=y, width=_WIDTH)]
    parts += _ticks({epoch: x(epoch) for epoch in sorted({min(epochs), best, max(epochs)})}, _HEIGHT)
    parts += [line([(x(epoch), y(value)) for epoch, value in points], kind) for kind, points in drawn.items()]
    kept = [value for epoch, value in drawn["candidate"] if epoch == best]
    parts += [f'<circle class="best" cx="{x(best):.1f}" cy="{y(value):.1f}" r="4"/>' for value in kept]
    return drawing("chart", (0, 0, _WIDTH, _HEIGHT), "Training curve", parts)


def _rules(low: float, high: float, *, up: Scale, width: float) -> Iterator[str]:
    for value in round_values(low, high):
        yield f'<path class="grid" d="M{_LEFT} {up(value):.1f}H{width - 10}"/>'
        yield f'<text class="figure" x="{_LEFT - 6}" y="{up(value) + 4:.1f}">{value:g}</text>'


def _ticks(places: Mapping[int, float], height: float) -> Iterator[str]:
    """Whole numbers below an axis; one that would touch the number before it is left out."""
    last = -math.inf
    for number, x in places.items():
        if x - last >= _NEAR:
            yield f'<text class="tick" x="{x:.1f}" y="{height - 5}">{number:,}</text>'
            last = x

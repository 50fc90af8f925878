"""The report card's ROC and reliability pictures: small squares, one a label."""

import math
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from components.evaluation._card_drawing import drawing, line
from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._operating import OperatingPoint
from components.evaluation._readers import ReaderComparison
from components.evaluation._reliability import LabelReliability
from components.evaluation._roc import RocCurve

_SIDE = 100.0
_QUARTERS = (25, 50, 75)
_REACHES = (0.05, 0.1, 0.2, 0.5, 1.0)
_SQUARE = (-3.0, -3.0, _SIDE + 6, _SIDE + 6)
_WITH_TICKS = (-3.0, -3.0, _SIDE + 6, _SIDE + 16)


def roc_figure(
    champion: RocCurve | None,
    candidate: RocCurve,
    *,
    operating: Sequence[OperatingPoint] = (),
    readers: Sequence[ReaderComparison] = (),
) -> Markup:
    """One label's ROC curves, the candidate's solid over the champion's dashed.

    operating: what each model is worth at its threshold, with the intervals of both figures as a cross; model "A" is
    the champion where there is one. readers: their points, the mean of several as a diamond.
    """
    parts = [*_square(), f'<path class="chance" d="M0 {_SIDE:g}L{_SIDE:g} 0"/>']
    if champion is not None:
        parts.append(_curve(champion, "champion"))
    parts.append(_curve(candidate, "candidate"))
    for reader in readers:
        parts += _point(1 - reader.specificity, reader.sensitivity, "reader" if reader.reader else "readers")
    for point in operating:
        kind = "champion" if champion is not None and point.model == "A" else "candidate"
        parts += _cross(point, kind)
    return drawing("roc", _SQUARE, "ROC curves", parts)


def reliability_figure(champion: LabelReliability | None, candidate: LabelReliability) -> Markup:
    """What the models said against how often it was so; the axes reach as far as the figures do."""
    shown = [model for model in (champion, candidate) if model is not None]
    ends = [end for model in shown for each in model.bins for end in (each.mean_score, each.observed_ci.high)]
    needed = max((end for end in ends if math.isfinite(end)), default=1.0)
    reach = next((reach for reach in _REACHES if needed <= reach), _REACHES[-1])
    parts = [*_square(), f'<path class="chance" d="M0 {_SIDE:g}L{_SIDE:g} 0"/>']
    for model, kind in ((champion, "champion"), (candidate, "candidate")):
        if model is not None:
            parts += _bins(model, kind, reach)
    ticks = ((0, "start", "0"), (_SIDE, "end", f"{reach:g}"))
    parts += [f'<text class="tick {at}" x="{x:g}" y="{_SIDE + 11:g}">{told}</text>' for x, at, told in ticks]
    return drawing("roc", _WITH_TICKS, "Reliability curves", parts)


def _square() -> Iterator[str]:
    yield f'<rect class="frame" x="0" y="0" width="{_SIDE:g}" height="{_SIDE:g}"/>'
    yield from (f'<path class="grid" d="M{at} 0V{_SIDE:g}M0 {at}H{_SIDE:g}"/>' for at in _QUARTERS)


def _curve(curve: RocCurve, kind: str) -> str:
    corners = zip(curve.false_positive_rate, curve.true_positive_rate, strict=True)
    return line([(x * _SIDE, (1 - y) * _SIDE) for x, y in corners], kind)


def _cross(point: OperatingPoint, kind: str) -> Iterator[str]:
    """The operating point over the intervals of its two figures."""
    x, y = (1 - point.specificity) * _SIDE, (1 - point.sensitivity) * _SIDE
    if math.isfinite(x) and math.isfinite(y):
        across = Interval(1 - point.specificity_ci.high, 1 - point.specificity_ci.low)
        yield _whisker(kind, y=y, across=across) + _whisker(kind, x=x, up=point.sensitivity_ci)
        yield f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="2.6"/>'


def _whisker(
    kind: str, *, x: float = 0.0, y: float = 0.0, across: Interval = UNDEFINED, up: Interval = UNDEFINED
) -> str:
    """An interval as a line: at height y across, or at x upwards."""
    if math.isfinite(across.low):
        return f'<path class="whisker {kind}" d="M{across.low * _SIDE:.1f} {y:.1f}H{across.high * _SIDE:.1f}"/>'
    if math.isfinite(up.low):
        return f'<path class="whisker {kind}" d="M{x:.1f} {(1 - up.low) * _SIDE:.1f}V{(1 - up.high) * _SIDE:.1f}"/>'
    return ""


def _point(x: float, y: float, kind: str) -> Iterator[str]:
    """A reader's cross, or the diamond of their mean."""
    if math.isfinite(x) and math.isfinite(y):
        at, half = f"{x * _SIDE:.1f} {(1 - y) * _SIDE:.1f}", 2.6 if kind == "reader" else 4.0
        strokes = (
            f"m-{half} -{half}l{2 * half} {2 * half}m0 -{2 * half}l-{2 * half} {2 * half}"
            if kind == "reader"
            else f"m0 -{half}l{half} {half}l-{half} {half}l-{half} -{half}Z"
        )
        yield f'<path class="{kind}" d="M{at}{strokes}"/>'


def _bins(model: LabelReliability, kind: str, reach: float) -> Iterator[str]:
    places = [(each.mean_score / reach * _SIDE, (1 - each.observed / reach) * _SIDE) for each in model.bins]
    for (x, _), each in zip(places, model.bins, strict=True):
        scaled = Interval(each.observed_ci.low / reach, min(1.0, each.observed_ci.high / reach))
        yield _whisker(kind, x=x, up=scaled)
    yield line(places, kind)
    yield from (f'<circle class="dot {kind}" cx="{x:.1f}" cy="{y:.1f}" r="2"/>' for x, y in places)

"""Holds that the card's drawings can be made whatever the figures were, and show what they are given."""

import math
import re

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation import CurvePoint, EfficiencyCurves, EfficiencyPoint, EmbeddingMap
from components.evaluation._card_curves import efficiency_figure, map_figure, training_figures
from components.evaluation._card_forest import bar_figure
from components.evaluation._card_roc import reliability_figure, roc_figure
from components.evaluation._interval import UNDEFINED, Interval
from components.evaluation._operating import OperatingPoint
from components.evaluation._reliability import LabelReliability, ReliabilityBin
from components.evaluation._roc import RocCurve

NAN = float("nan")
_FIGURE = st.floats(0, 1e6, allow_nan=False) | st.just(NAN)
_SHARE = st.floats(0, 1) | st.just(NAN)
_CURVE = RocCurve((0.0, 0.2, 1.0), (0.0, 0.7, 1.0))


@given(st.lists(st.tuples(_FIGURE, _FIGURE, _FIGURE), min_size=1, max_size=8))
def test_any_training_can_be_drawn(figures: list[tuple[float, float, float]]) -> None:
    points = tuple(
        CurvePoint(epoch=epoch, train_loss=train, validation_loss=validation, validation_auc=auc)
        for epoch, (train, validation, auc) in enumerate(figures, start=1)
    )
    assert all(_sound(figure) for figure in training_figures(points))


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 10**6), _SHARE, _SHARE), min_size=1, max_size=20))
def test_any_efficiency_can_be_drawn(figures: list[tuple[str, int, float, float]]) -> None:
    points = tuple(
        EfficiencyPoint(strategy=strategy, images=images, repeats=1, mean_auc=auc, low=low, high=low)
        for strategy, images, auc, low in figures
    )
    assert _sound(efficiency_figure(EfficiencyCurves(points=points)))


@given(_SHARE, _SHARE, _SHARE, _SHARE)
def test_any_operating_point_and_bar_can_be_drawn(a: float, b: float, low: float, high: float) -> None:
    point = OperatingPoint(
        label="edema",
        model="A",
        threshold=0.5,
        n=9,
        positives=3,
        sensitivity=a,
        sensitivity_ci=Interval(low, high),
        specificity=b,
        specificity_ci=UNDEFINED,
        reason=None,
    )
    assert _sound(roc_figure(_CURVE, RocCurve((), ()), operating=[point]))
    assert _sound(bar_figure(a, Interval(low, high), reach=0.1, kind="better"))
    judged = ReliabilityBin(studies=3, mean_score=0.5, observed=a, observed_ci=Interval(low, high))
    bins = (judged,) if all(math.isfinite(value) for value in (a, low, high)) else ()
    label = LabelReliability(label="edema", n=9, positives=3, brier=a, ece=b, bins=bins, judged=True, reason=None)
    assert _sound(reliability_figure(None, label))


def test_the_operating_point_lies_at_its_specificity_and_sensitivity() -> None:
    point = OperatingPoint(
        label="edema",
        model="B",
        threshold=0.5,
        n=9,
        positives=3,
        sensitivity=0.75,
        sensitivity_ci=Interval(0.5, 0.9),
        specificity=0.9,
        specificity_ci=Interval(0.8, 0.95),
        reason=None,
    )
    drawn = str(roc_figure(_CURVE, _CURVE, operating=[point]))
    assert 'class="dot candidate" cx="10.0" cy="25.0"' in drawn
    assert "M5.0 25.0H20.0" in drawn
    assert "M10.0 50.0V10.0" in drawn


def test_a_map_of_many_studies_is_thinned_and_stays_in_its_frame() -> None:
    random = np.random.default_rng(0)
    xy = random.normal(scale=40, size=(20_000, 2)).astype(np.float32)
    drawn = str(map_figure(EmbeddingMap(title="t", xy=xy, label="edema", positive=random.random(20_000) < 0.2)))
    places = [(int(x), int(y)) for x, y in re.findall(r"M(-?\d+) (-?\d+)h0", drawn)]
    assert 1000 < len(places) <= 1500
    assert all(0 <= place <= 200 for at in places for place in at)
    nobody = EmbeddingMap(title="t", xy=np.zeros((3, 2), np.float32), label="edema", positive=np.zeros(3, bool))
    assert 'class="those"' not in str(map_figure(nobody))


def _sound(figure: object) -> bool:
    return "<svg" in str(figure) and not re.search(r"\bnan\b|\binf\b", str(figure))

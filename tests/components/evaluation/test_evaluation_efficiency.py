"""Holds what a data-efficiency study says: means, intervals over patients and repeats, gaps, crossing, maps, page."""

import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from components.evaluation import (
    EfficiencyCurves,
    EfficiencyRepeats,
    EfficiencyStudy,
    EmbeddingMap,
    efficiency_curves,
    embedding_map,
    write_efficiency_page,
)
from components.settings import GateSettings

_STUDIES = 200
_SETTINGS = GateSettings(bootstrap_draws=400)
_INDEX = pd.Index([f"S{number:03d}" for number in range(_STUDIES)], name="study")
_TRUTH = pd.DataFrame(
    {
        "edema": np.arange(_STUDIES) % 4 == 0,
        "fracture": np.arange(_STUDIES) % 5 == 0,
        "pneumonia": [1.0] * 3 + [0.0] * 197,
    },
    index=_INDEX,
).astype(float)  # pneumonia has too few positives to be judged
_PATIENTS = pd.Series(_INDEX, index=_INDEX)


def _scores(skill: float, seed: int) -> pd.DataFrame:
    noise = np.random.default_rng(seed).normal(size=_TRUTH.shape)
    return _TRUTH * skill + noise


def _curves(*trainings: EfficiencyRepeats) -> EfficiencyCurves:
    return efficiency_curves(_TRUTH, trainings, patients=_PATIENTS, settings=_SETTINGS, seed=0)


def _trained(strategy: str, images: int, *scores: pd.DataFrame) -> EfficiencyRepeats:
    return EfficiencyRepeats(strategy=strategy, images=images, scores=scores)


def test_the_mean_is_over_repeats_and_over_labels_with_positives_enough() -> None:
    perfect, useless = _TRUTH.copy(), _TRUTH * 0.0
    perfect["pneumonia"] = 0.0
    (point,) = _curves(_trained("heads", 45, perfect, useless)).points
    assert point.mean_auc == pytest.approx(0.75)
    assert (point.strategy, point.images, point.repeats) == ("heads", 45, 2)


def test_the_interval_widens_with_what_repeats_differ_by() -> None:
    good, bad = _scores(1.5, 1), _scores(0.2, 2)
    same, apart = (
        _curves(_trained("heads", 45, *scores)).points[0] for scores in ((good, good, good), (good, bad, good))
    )
    assert same.low < same.mean_auc < same.high
    assert apart.high - apart.low > 1.5 * (same.high - same.low)


def test_a_gap_is_between_two_ways_from_the_same_images_and_nothing_for_equal_scores() -> None:
    good, bad = _scores(1.5, 1), _scores(0.5, 2)
    curves = _curves(
        _trained("heads", 45, good),
        _trained("tuned", 45, bad),
        _trained("tuned", 135, good),
        _trained("other", 45, good),
    )
    gap = curves.gap("heads", "tuned", 45)
    assert gap is not None
    assert gap.delta == pytest.approx(curves.of("heads")[0].mean_auc - curves.of("tuned")[0].mean_auc)
    assert 0 < gap.low < gap.delta < gap.high
    equal = curves.gap("heads", "other", 45)
    assert equal is not None
    assert (equal.delta, equal.low, equal.high) == (0, 0, 0)
    assert curves.gap("heads", "tuned", 135) is None


def test_curves_cross_where_the_second_stays_ahead() -> None:
    weak, middle, strong = _scores(0.2, 1), _scores(0.8, 2), _scores(2, 3)
    curves = _curves(
        *[_trained("heads", images, middle) for images in (15, 45, 135)],
        *[_trained("tuned", images, scores) for images, scores in ((15, weak), (45, weak), (135, strong))],
    )
    assert curves.crossing("heads", "tuned") == 135
    assert curves.crossing("tuned", "heads") is None


def test_a_study_without_a_judged_label_has_undefined_figures_that_are_null_in_its_file(tmp_path: Path) -> None:
    curves = efficiency_curves(
        _TRUTH[["pneumonia"]],
        [_trained("heads", 45, _scores(1, 1))],
        patients=_PATIENTS,
        settings=_SETTINGS,
        seed=0,
    )
    assert math.isnan(curves.points[0].mean_auc)
    written = json.dumps(_study(curves).to_json(), allow_nan=False)
    assert math.isnan(EfficiencyStudy.from_json(json.loads(written)).curves.points[0].low)


def test_a_study_comes_back_from_its_file_as_it_was() -> None:
    study = _study(_curves(_trained("heads", 45, _scores(1, 1)), _trained("tuned", 45, _scores(0.5, 2))))
    again = EfficiencyStudy.from_json(json.loads(json.dumps(study.to_json())))
    assert again.curves == study.curves
    assert np.array_equal(again.maps[0].xy, study.maps[0].xy)
    assert again.to_json() == study.to_json()


def test_a_map_lays_groups_apart_and_is_the_same_each_time() -> None:
    rng = np.random.default_rng(0)
    positive = np.arange(60) % 2 == 0
    embeddings = (rng.normal(size=(60, 8)) + 6 * positive[:, None]).astype(np.float32)
    one, again = (embedding_map(embeddings, positive, title="The base", label="edema", seed=3) for _ in range(2))
    assert np.array_equal(one.xy, again.xy)
    middles = one.xy[positive].mean(axis=0), one.xy[~positive].mean(axis=0)
    assert np.linalg.norm(middles[0] - middles[1]) > 3 * one.xy[positive].std(axis=0).max()


def test_a_few_points_are_a_map_too() -> None:
    mapped = embedding_map(np.ones((3, 8), np.float32), np.array([True, False, True]), title="", label="edema", seed=0)
    assert mapped.xy.shape == (3, 2)


def test_the_page_shows_every_way_and_asks_for_nothing_outside(tmp_path: Path) -> None:
    study = _study(_curves(_trained("new <heads>", 1045, _scores(1, 1)), _trained("tuned", 1045, _scores(0.5, 2))))
    page = write_efficiency_page(tmp_path / "page.html", study).read_text()
    assert "new &lt;heads&gt;" in page
    assert "new <heads>" not in page
    assert "1,045" in page
    assert f"{study.curves.of('tuned')[0].mean_auc:.3f}" in page
    assert not [word for word in ("<script", "http://", "https://", "@import") if word in page]


def _study(curves: EfficiencyCurves) -> EfficiencyStudy:
    mapped = EmbeddingMap(
        title="The base",
        xy=np.array([[0.125, 1], [2, 3]], np.float32),
        label="edema",
        positive=np.array([True, False]),
    )
    return EfficiencyStudy(
        site="local",
        base="1",
        generic="random",
        judged_by="validation",
        studies=_STUDIES,
        patients=_STUDIES,
        level=0.95,
        curves=curves,
        maps=(mapped,),
    )

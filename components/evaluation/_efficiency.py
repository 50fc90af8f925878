"""What local images buy: mean AUC against their number for each way of training, and maps of embeddings.

Every way learns several times from each number of images, each time from other patients. The intervals hold both
uncertainties: the patients judged are drawn anew, and so are the trainings that the mean is over.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.evaluation._bootstrap import cohort_draws, percentile_interval
from components.evaluation._cohort import Cohort, gather
from components.evaluation._delong import FloatArray, area
from components.settings import GateSettings

_NAN = float("nan")
_PERPLEXITY = 30.0
_POINTS_A_NEIGHBOUR = 4  # a small map is laid out with fewer neighbours a point
_FEWEST_MAPPED = 5  # below, there is nothing to lay out


@dataclass(frozen=True, kw_only=True)
class EfficiencyRepeats:
    """One way of training on `images` local images, repeated: the scores of each repeat's model, index study."""

    strategy: str
    images: int
    scores: Sequence[pd.DataFrame]


@dataclass(frozen=True, kw_only=True)
class EfficiencyPoint:
    """A strategy's mean AUC over the judged labels when it learns from `images` local images.

    repeats: trainings, each on its own draw of patients. low, high: bounds of the interval; NaN where undefined.
    """

    strategy: str
    images: int
    repeats: int
    mean_auc: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class EfficiencyGap:
    """By how much `one` is ahead of `other` in mean AUC, both having learned from the same images; its interval."""

    one: str
    other: str
    images: int
    delta: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class EfficiencyCurves:
    """Every strategy's points, by strategy in the order of drawing, and within it by number of images."""

    points: tuple[EfficiencyPoint, ...]
    gaps: tuple[EfficiencyGap, ...] = ()

    @property
    def strategies(self) -> tuple[str, ...]:
        """The strategies in the order of drawing."""
        return tuple(dict.fromkeys(point.strategy for point in self.points))

    def of(self, strategy: str) -> tuple[EfficiencyPoint, ...]:
        """One strategy's points, by number of images."""
        return tuple(sorted((point for point in self.points if point.strategy == strategy), key=lambda one: one.images))

    def crossing(self, small: str, large: str) -> int | None:
        """The smallest number of images from which `large` is at least as good as `small` throughout; None: never."""
        first = {point.images: point.mean_auc for point in self.of(small)}
        behind = [point.images for point in self.of(large) if point.mean_auc < first.get(point.images, -np.inf)]
        ahead = [point.images for point in self.of(large) if point.images > max(behind, default=0)]
        return min(ahead, default=None)

    def gap(self, one: str, other: str, images: int) -> EfficiencyGap | None:
        """By how much `one` is ahead of `other` at a number of images; None where they were not compared."""
        asked = (one, other, images)
        return next((gap for gap in self.gaps if (gap.one, gap.other, gap.images) == asked), None)

    def to_json(self) -> dict[str, Any]:
        """For a file or MLflow; undefined figures are null."""
        return {"points": [_told(point) for point in self.points], "gaps": [_told(gap) for gap in self.gaps]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(
            points=tuple(EfficiencyPoint(**_read(point)) for point in document["points"]),
            gaps=tuple(EfficiencyGap(**_read(gap)) for gap in document["gaps"]),
        )


@dataclass(frozen=True, kw_only=True)
class EmbeddingMap:
    """Embeddings laid out in the plane, near ones near: xy float32 [N, 2]; positive bool [N] of the label."""

    title: str
    xy: NDArray[np.float32]
    label: str
    positive: NDArray[np.bool_]

    def to_json(self) -> dict[str, Any]:
        """For a file or MLflow: points in the order of the rows, no pseudonyms."""
        places = [[round(float(x), 3), round(float(y), 3)] for x, y in self.xy]
        return {"title": self.title, "label": self.label, "xy": places, "positive": self.positive.astype(int).tolist()}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        return cls(
            title=document["title"],
            label=document["label"],
            xy=np.asarray(document["xy"], dtype=np.float32).reshape(-1, 2),
            positive=np.asarray(document["positive"], dtype=bool),
        )


@dataclass(frozen=True, kw_only=True)
class EfficiencyStudy:
    """What a data-efficiency study found. Pseudonyms have no place in it.

    site: whose studies; base: registry version of the base model; generic: what the other weights are.
    judged_by: the side of the split that judged, with its studies and patients; level: of the intervals, .95 say.
    """

    site: str
    base: str
    generic: str
    judged_by: str
    studies: int
    patients: int
    level: float
    curves: EfficiencyCurves
    maps: tuple[EmbeddingMap, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """For a file or MLflow; undefined figures are null."""
        facts = {name: value for name, value in vars(self).items() if name not in ("curves", "maps")}
        return {**facts, "curves": self.curves.to_json(), "maps": [each.to_json() for each in self.maps]}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """What `to_json` gave."""
        maps = tuple(EmbeddingMap.from_json(each) for each in document["maps"])
        return cls(**{**document, "curves": EfficiencyCurves.from_json(document["curves"]), "maps": maps})


def efficiency_curves(
    truth: pd.DataFrame,
    trainings: Sequence[EfficiencyRepeats],
    *,
    patients: "pd.Series[str]",
    settings: GateSettings,
    seed: int,
) -> EfficiencyCurves:
    """The curves, and every two strategies' gap at each number of images that both learned from.

    Args:
        truth: index study, a column a label: 1, 0 or NaN where not judged. Labels with fewer positives than
            settings.min_positives are left out of the means.
        trainings: strategies in the order of drawing; repeats of one number of images in the order of their draws,
            so that strategies are compared on the same images.
        patients: index study → patient.
        settings: alpha, bootstrap_draws, min_positives.
        seed: of the draws.
    """
    drawn = _drawn(truth, trainings, patients=patients, settings=settings, seed=seed)
    points = tuple(
        EfficiencyPoint(
            strategy=one.strategy,
            images=one.images,
            repeats=len(one.scores),
            mean_auc=found.mean,
            **_bounds(found.draws, settings),
        )
        for one, found in zip(trainings, drawn, strict=True)
    )
    gaps = tuple(
        EfficiencyGap(
            one=one.strategy,
            other=other.strategy,
            images=one.images,
            delta=found.mean - against.mean,
            **_bounds(found.draws - against.draws, settings),
        )
        for (one, found), (other, against) in combinations(zip(trainings, drawn, strict=True), 2)
        if one.images == other.images
    )
    return EfficiencyCurves(points=points, gaps=gaps)


def _told(figures: EfficiencyPoint | EfficiencyGap) -> dict[str, Any]:
    return {name: None if value != value else value for name, value in asdict(figures).items()}  # noqa: PLR0124  NaN


def _read(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _NAN if value is None else value for name, value in figures.items()}


@dataclass(frozen=True)
class _Drawn:
    """Mean AUC over labels and repeats, and the same in each draw of patients and repeats, float64 [D]."""

    mean: float
    draws: FloatArray


def _drawn(
    truth: pd.DataFrame,
    trainings: Sequence[EfficiencyRepeats],
    *,
    patients: "pd.Series[str]",
    settings: GateSettings,
    seed: int,
) -> list[_Drawn]:
    """Of each training; all of them on the same draws, so that draws may be subtracted from each other."""
    names = [[f"{one.strategy}, {one.images}, {turn}" for turn in range(len(one.scores))] for one in trainings]
    scores = {
        name: table
        for one, of_one in zip(trainings, names, strict=True)
        for name, table in zip(of_one, one.scores, strict=True)
    }
    cohort = gather(truth, scores, patients)
    judged = [label for label in range(len(cohort.labels)) if cohort.enough(label, settings.min_positives)]
    if not judged:
        return [_Drawn(_NAN, np.empty(0)) for _ in trainings]
    draws = cohort_draws(cohort, judged, names=list(scores), draws=settings.bootstrap_draws, seed=seed)
    column = {name: number for number, name in enumerate(scores)}
    return [
        _Drawn(
            mean=float(np.mean([_mean_auc(cohort, name, judged) for name in of_one])),
            draws=_repeats_drawn(draws[:, [column[name] for name in of_one]], seed),
        )
        for of_one in names
    ]


def _mean_auc(cohort: Cohort, name: str, judged: Sequence[int]) -> float:
    areas = []
    for label in judged:
        known = cohort.judged(label)
        areas.append(area(known.truth, cohort.scores[name][known.rows, label]).auc)
    return float(np.mean(areas))


def _repeats_drawn(draws: FloatArray, seed: int) -> FloatArray:
    """Each draw's mean over as many repeats as there are, drawn with replacement: [D, R] to [D]."""
    repeats = draws.shape[1]
    chosen = np.random.default_rng(seed).integers(0, repeats, size=draws.shape)
    return np.asarray(np.take_along_axis(draws, chosen, axis=1).mean(axis=1))


def _bounds(draws: FloatArray, settings: GateSettings) -> dict[str, float]:
    low, high = percentile_interval(draws, settings.alpha, asked=settings.bootstrap_draws)
    return {"low": low, "high": high}


def embedding_map(
    embeddings: NDArray[np.float32], positive: NDArray[np.bool_], *, title: str, label: str, seed: int
) -> EmbeddingMap:
    """The embeddings' t-SNE (van der Maaten & Hinton 2008), started from their principal components.

    Args:
        embeddings: [N, D]. positive: [N], of the label that colours the map. title: whose embeddings they are.
        label: its name. seed: of what the layout leaves to chance.
    """
    from sklearn.manifold import TSNE  # slow to import
    from sklearn.preprocessing import StandardScaler

    if len(embeddings) < _FEWEST_MAPPED:
        return EmbeddingMap(title=title, xy=np.zeros((len(embeddings), 2), np.float32), label=label, positive=positive)
    near = min(_PERPLEXITY, len(embeddings) / _POINTS_A_NEIGHBOUR)
    layout = TSNE(perplexity=near, init="pca", random_state=seed)
    xy = layout.fit_transform(StandardScaler().fit_transform(embeddings))
    return EmbeddingMap(title=title, xy=np.asarray(xy, dtype=np.float32), label=label, positive=positive)

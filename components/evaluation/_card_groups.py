"""The report card's tables of subgroups, readers and boxes, row by row, as people read them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from markupsafe import Markup

from components.evaluation import _text as text
from components.evaluation._card_forest import bar_figure, reach_of
from components.evaluation._card_text import NO_FIGURE, Figure, auc, difference, share, share_text
from components.evaluation._interval import Interval
from components.evaluation._pointing import PointingRate
from components.evaluation._readers import ReaderComparison
from components.evaluation._subgroups import SubgroupAssessment, SubgroupComparison


@dataclass(frozen=True, kw_only=True)
class GroupRow:
    """One group of patients or pictures."""

    title: str
    studies: int
    patients: int
    judged_labels: int
    fewest: int
    champion: str = ""
    candidate: Figure
    delta: Figure = NO_FIGURE
    bar: Markup | None = None
    kind: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class ReaderRow:
    """The model beside one reader, or beside their mean."""

    title: str
    reader: str
    n: int
    positives: int
    sensitivity: Figure
    specificity: Figure
    sensitivity_delta: Figure
    specificity_delta: Figure
    verdict: str
    kind: str
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class PointingRow:
    """One finding of the pointing game."""

    title: str
    n: int
    hits: int
    rate: Figure
    chance: str
    judged: bool


def group_rows(groups: Sequence[SubgroupComparison | SubgroupAssessment]) -> list[tuple[str, list[GroupRow]]]:
    """Each attribute's title and its groups; the bars of all have one axis."""
    reach = reach_of([group.delta_ci for group in groups if isinstance(group, SubgroupComparison)])
    return [
        (attribute.value.replace("_", " ").capitalize(), [_group(group, reach) for group in of_attribute])
        for attribute, of_attribute in groupby(groups, key=lambda group: group.attribute)
    ]


def reader_rows(readers: Sequence[ReaderComparison]) -> list[ReaderRow]:
    """The model against people, label by label."""
    return [_reader(each) for each in readers]


def pointing_rows(rates: Sequence[PointingRate]) -> list[PointingRow]:
    """The pointing game, finding by finding."""
    return [
        PointingRow(
            title=text.label_title(rate.label),
            n=rate.n,
            hits=rate.hits,
            rate=share(rate.rate, rate.rate_ci),
            chance=share_text(rate.chance),
            judged=rate.judged,
        )
        for rate in rates
    ]


def _group(group: SubgroupComparison | SubgroupAssessment, reach: float) -> GroupRow:
    if isinstance(group, SubgroupComparison):
        return _compared(group, reach)
    kind = "no_difference" if math.isfinite(group.mean_auc) else "too_few"
    return _counted(group, kind, candidate=auc(group.mean_auc, group.mean_auc_ci))


def _compared(group: SubgroupComparison, reach: float) -> GroupRow:
    kind = _kind(group.delta_ci)
    return replace(
        _counted(group, kind, candidate=Figure(text.auc_text(group.mean_auc_b))),
        champion=text.auc_text(group.mean_auc_a),
        delta=difference(group.delta, group.delta_ci),
        bar=bar_figure(group.delta, group.delta_ci, reach=reach, kind=kind),
    )


def _counted(group: SubgroupComparison | SubgroupAssessment, kind: str, *, candidate: Figure) -> GroupRow:
    """The row with what both kinds of groups have."""
    return GroupRow(
        title=group.group,
        studies=group.studies,
        patients=group.patients,
        judged_labels=group.judged_labels,
        fewest=group.fewest,
        candidate=candidate,
        kind=kind,
        reason=group.reason,
    )


def _kind(interval: Interval) -> str:
    """How the forest plot draws a difference with this interval."""
    if not math.isfinite(interval.low):
        return "too_few"
    if interval.low > 0:
        return "better"
    return "worse" if interval.high < 0 else "no_difference"


def _reader(each: ReaderComparison) -> ReaderRow:
    known = math.isfinite(each.sensitivity_p) or math.isfinite(each.specificity_p)
    verdict, kind = ("no worse", "better") if each.noninferior else ("not shown", "no_difference")
    return ReaderRow(
        title=text.label_title(each.label),
        reader=each.reader or "all, mean",
        n=each.n,
        positives=each.positives,
        sensitivity=share(each.sensitivity, each.sensitivity_ci),
        specificity=share(each.specificity, each.specificity_ci),
        sensitivity_delta=difference(each.sensitivity_delta, each.sensitivity_delta_ci),
        specificity_delta=difference(each.specificity_delta, each.specificity_delta_ci),
        verdict=verdict if known else "too few",
        kind=kind if known else "too_few",
        reason=each.reason,
    )

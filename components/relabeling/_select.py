"""Which studies people should read: those of which a reading is worth most, and some at random."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from itertools import zip_longest

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.catalog import Side, View
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling._task import Task, Why
from components.relabeling._value import (
    ABSENT,
    EVEN,
    PRESENT,
    UNCERTAIN,
    Choice,
    aligned,
    chances_wrong,
    rankings,
    worth_of_findings,
)
from components.settings import RelabelSettings

_TRAINABLE = (Side.TRAIN, Side.VALIDATION)
_STATEMENTS = {PRESENT: Assertion.PRESENT, ABSENT: Assertion.ABSENT, UNCERTAIN: Assertion.UNCERTAIN}
_VIEW_ORDER = {View.PA.value: 0, View.AP.value: 1, View.UNKNOWN.value: 2, View.LATERAL.value: 3}


def select(  # noqa: PLR0913  # the catalog's tables, each by its name
    *,
    codes: pd.DataFrame,
    probabilities: pd.DataFrame,
    out_of_fold: pd.DataFrame,
    thresholds: Mapping[Finding, float | None],
    images: pd.DataFrame,
    studies: pd.DataFrame,
    sides: Mapping[str, Side],
    known: Collection[str],
    waiting: int,
    settings: RelabelSettings,
    seed: int,
) -> list[Task]:
    """The studies to add to the reading queue so that `settings.queue_size` lie there unread, most urgent first.

    A share is drawn at random from all candidates, before anything else, so that it is a fair sample; the rest is
    taken in turn from the labels that are probably wrong, the strongest contradictions and the greatest doubts. Only
    studies of patients on the training and validation sides: neither the locked test patients nor those who may
    still become such.

    Args:
        codes: current labels, index study, the 14 findings as 1, 0, -1 and anything else for unmentioned.
        probabilities: of the model in service, index study, the 14 findings, 0..1 or NaN.
        out_of_fold: the same of models that had not learned from the study; studies without such a model are left out.
        thresholds: above which the model says present; .5 where None or missing.
        images: the catalog's `images`.
        studies: the catalog's `studies`.
        sides: patient → side, the catalog's `sides`.
        known: studies that a person has read or that lie in the reading project.
        waiting: how many lie there open.
        seed: of the random share and of ties; the same tables in any order give the same queue.
    """
    trainable = _of_sides(studies, sides, _TRAINABLE)
    predicted = set(codes.index) & set(probabilities.index) & set(images["study"])
    candidates = _by_chance((trainable & predicted) - set(known), seed)
    room = max(0, settings.queue_size - waiting)
    drawn = candidates[: round(room * settings.random_share)]
    rest = candidates[len(drawn) :]
    said, scaled = aligned(rest, codes, probabilities, thresholds)
    wrong = chances_wrong(rest, codes, out_of_fold[out_of_fold.index.isin(trainable)])
    chosen = _in_turn(rankings(rest, said, scaled, wrong=wrong, worth=worth_of_findings(codes)), room - len(drawn))
    chosen += [(study, 0.0, Why.RANDOM, None) for study in drawn]
    said, scaled = aligned([study for study, *_ in chosen], codes, probabilities, thresholds)
    picture = _pictures(images)
    return [
        Task(
            study=study,
            image=picture[study][0],
            view=picture[study][1],
            score=score,
            why=why,
            finding=finding,
            suggested=_suggested(said[row], scaled[row]),
            looked=finding if finding not in (None, Finding.NO_FINDING) else _surest(scaled[row]),
        )
        for row, (study, score, why, finding) in enumerate(chosen)
    ]


def select_reference(  # noqa: PLR0913  # the catalog's tables, each by its name
    *,
    images: pd.DataFrame,
    studies: pd.DataFrame,
    sides: Mapping[str, Side],
    known: Collection[str],
    waiting: int,
    settings: RelabelSettings,
    seed: int,
) -> list[Task]:
    """Locked test studies to read for the reference standard, drawn at random: a chosen sample would not be fair.

    Args:
        images, studies, sides: the catalog's.
        known: studies that two people have read or that lie in the reference project.
        waiting: how many lie there open.
        seed: of the draw.
    """
    candidates = (_of_sides(studies, sides, (Side.TEST,)) & set(images["study"])) - set(known)
    room = max(0, settings.queue_size - waiting)
    picture = _pictures(images)
    return [
        Task(
            study=study,
            image=picture[study][0],
            view=picture[study][1],
            score=0.0,
            why=Why.REFERENCE,
            finding=None,
            suggested={},
        )
        for study in _by_chance(candidates, seed)[:room]
    ]


def _of_sides(studies: pd.DataFrame, sides: Mapping[str, Side], wanted: Collection[Side]) -> set[str]:
    side = studies.set_index("study")["patient"].map(sides)
    return set(side.index[side.isin(wanted)])


def _by_chance(studies: Collection[str], seed: int) -> list[str]:
    """In an order that hangs on seed and study only, not on the order of the tables."""
    return sorted(studies, key=lambda study: hashlib.sha256(f"relabel|{seed}|{study}".encode()).digest())


def _in_turn(ranked: Sequence[Sequence[Choice]], count: int) -> list[Choice]:
    """One of each ranking in turn, each study once, at most `count`."""
    chosen: dict[str, Choice] = {}
    for choice in (choice for round_ in zip_longest(*ranked) for choice in round_ if choice):
        if len(chosen) == count:
            break
        chosen.setdefault(choice[0], choice)
    return list(chosen.values())


def _pictures(images: pd.DataFrame) -> dict[str, tuple[str, View]]:
    """Study → the image to read and its view: PA before AP before anything else."""
    ordered = images.assign(order=images["view"].map(_VIEW_ORDER)).sort_values(["order", "image"])
    first = ordered.drop_duplicates("study")[["study", "image", "view"]]
    return {study: (image, View(view)) for study, image, view in first.itertuples(index=False, name=None)}


def _surest(scaled: NDArray[np.float64]) -> Finding | None:
    """The observation that the model is surest to see; None where it said nothing."""
    seen = {
        finding: position
        for finding, position in zip(FINDINGS, scaled, strict=True)
        if finding is not Finding.NO_FINDING and not np.isnan(position)
    }
    return max(seen, key=lambda finding: seen[finding]) if seen else None


def _suggested(said: NDArray[np.float64], scaled: NDArray[np.float64]) -> dict[Finding, Assertion]:
    result: dict[Finding, Assertion] = {}
    for finding, statement, position in zip(FINDINGS, said, scaled, strict=True):
        model = None if np.isnan(position) else Assertion.PRESENT if position >= EVEN else Assertion.ABSENT
        report = None if np.isnan(statement) else _STATEMENTS.get(int(statement))
        contradict = report in (Assertion.PRESENT, Assertion.ABSENT) and model is not None and report is not model
        answer = None if contradict else report or model
        if answer is not None:
            result[finding] = answer
    return result

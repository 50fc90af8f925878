"""Which studies people should read: where report and model contradict each other or are unsure, and some at random."""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd

from components.catalog import Side, View
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling._task import Task, Why
from components.settings import RelabelSettings

_PRESENT, _ABSENT, _UNCERTAIN = 1, 0, -1
_EVEN = 0.5
_VIEW_ORDER = {View.PA.value: 0, View.AP.value: 1, View.UNKNOWN.value: 2, View.LATERAL.value: 3}


def select(  # noqa: PLR0913  # the catalog's tables, each by its name
    *,
    codes: pd.DataFrame,
    probabilities: pd.DataFrame,
    thresholds: Mapping[Finding, float | None],
    images: pd.DataFrame,
    studies: pd.DataFrame,
    sides: Mapping[str, Side],
    read: Collection[str],
    queued: Collection[str],
    settings: RelabelSettings,
    seed: int,
) -> list[Task]:
    """The studies to add to the reading queue so that `settings.queue_size` lie there unread, most urgent first.

    A share is drawn at random from all candidates, before anything else, so that it is a fair sample; the rest is
    taken in turn from the strongest contradictions and the greatest doubts. Only studies of patients on the training
    and validation sides: neither the locked test patients nor those who may still become such.

    Args:
        codes: current labels, index study, the 14 findings as 1, 0, -1 and anything else for unmentioned.
        probabilities: of the model in service, index study, the 14 findings, 0..1 or NaN.
        thresholds: above which the model says present; .5 where None or missing.
        images: the catalog's `images`.
        studies: the catalog's `studies`.
        sides: patient → side, the catalog's `sides`.
        read: studies that a person has read.
        queued: studies that lie in the reading project.
        seed: of the random share and of ties; the same tables in any order give the same queue.
    """
    room = max(0, settings.queue_size - len(set(queued) - set(read)))
    known = set(queued) | set(read)
    patient_side = studies.set_index("study")["patient"].map(sides)
    trainable = set(patient_side.index[patient_side.isin([Side.TRAIN, Side.VALIDATION])])
    candidates = [study for study in probabilities.index if study in trainable and study not in known]
    candidates = sorted(set(candidates) & set(codes.index) & set(images["study"]), key=lambda s: _chance(seed, s))
    drawn = candidates[: round(room * settings.random_share)]
    rest = candidates[len(drawn) :]
    said, scaled = _aligned(rest, codes, probabilities, thresholds)
    chosen = _in_turn(*_rankings(rest, said, scaled), room - len(drawn))
    chosen += [(study, 0.0, Why.RANDOM, None) for study in drawn]
    picture = _pictures(images)
    suggested = _suggestions([study for study, *_ in chosen], codes, probabilities, thresholds)
    return [
        Task(study=study, image=picture[study], score=score, why=why, finding=finding, suggested=suggested[study])
        for study, score, why, finding in chosen
    ]


_Choice = tuple[str, float, Why, Finding | None]


def _chance(seed: int, study: str) -> bytes:
    """A random number that hangs on seed and study only, not on the order of the tables."""
    return hashlib.sha256(f"relabel|{seed}|{study}".encode()).digest()


def _aligned(
    studies: Sequence[str], codes: pd.DataFrame, probabilities: pd.DataFrame, thresholds: Mapping[Finding, float | None]
) -> tuple[np.ndarray, np.ndarray]:
    """Codes and scaled probabilities of the studies, both [N, 14]; scaled so that each threshold lies at .5."""
    columns = [finding.value for finding in FINDINGS]
    said = codes.loc[list(studies), columns].to_numpy(dtype=float)
    raw = probabilities.loc[list(studies), columns].to_numpy(dtype=float)
    cut = np.array([_EVEN if thresholds.get(finding) is None else thresholds[finding] for finding in FINDINGS], float)
    cut = np.clip(cut, 1e-6, 1 - 1e-6)
    return said, np.where(raw < cut, raw / (2 * cut), 1 - (1 - raw) / (2 * (1 - cut)))


def _rankings(studies: Sequence[str], said: np.ndarray, scaled: np.ndarray) -> tuple[list[_Choice], list[_Choice]]:
    """Contradictions and doubts, strongest first; each study stands for what is stronger in it.

    A contradiction counts by its strongest finding: 1 is a model that is sure of the opposite. Doubt is averaged
    over the findings, a hedging report counts as full doubt.
    """
    gap = np.where(said == _PRESENT, 1 - 2 * scaled, np.where(said == _ABSENT, 2 * scaled - 1, 0.0))
    gap = np.nan_to_num(np.clip(gap, 0, 1))
    doubt = np.where(said == _UNCERTAIN, 1.0, np.nan_to_num(1 - np.abs(2 * scaled - 1)))
    strongest, average = gap.max(axis=1, initial=0.0), doubt.mean(axis=1)
    contradicts = strongest > average
    return (
        _ranked(studies, gap, np.where(contradicts, strongest, 0.0), Why.DISAGREEMENT),
        _ranked(studies, doubt, np.where(contradicts, 0.0, average), Why.UNCERTAINTY),
    )


def _ranked(studies: Sequence[str], by_finding: np.ndarray, score: np.ndarray, why: Why) -> list[_Choice]:
    order = np.argsort(-score, kind="stable")  # ties keep the order of chance
    return [
        (studies[i], float(score[i]), why, FINDINGS[int(by_finding[i].argmax())]) for i in map(int, order) if score[i]
    ]


def _in_turn(first: Sequence[_Choice], second: Sequence[_Choice], count: int) -> list[_Choice]:
    """One of each list in turn, each study once, at most `count`."""
    chosen: dict[str, _Choice] = {}
    for i in range(max(len(first), len(second))):
        for ranking in (first, second):
            if i < len(ranking) and len(chosen) < count:
                chosen.setdefault(ranking[i][0], ranking[i])
    return list(chosen.values())


def _pictures(images: pd.DataFrame) -> dict[str, str]:
    """Study → the image to read: PA before AP before anything else."""
    ordered = images.assign(order=images["view"].map(_VIEW_ORDER)).sort_values(["order", "image"])
    return dict(ordered.drop_duplicates("study")[["study", "image"]].itertuples(index=False, name=None))


def _suggestions(
    studies: Sequence[str], codes: pd.DataFrame, probabilities: pd.DataFrame, thresholds: Mapping[Finding, float | None]
) -> dict[str, dict[Finding, Assertion]]:
    said, scaled = _aligned(studies, codes, probabilities, thresholds)
    return {study: _suggested(said[i], scaled[i]) for i, study in enumerate(studies)}


def _suggested(said: np.ndarray, scaled: np.ndarray) -> dict[Finding, Assertion]:
    result: dict[Finding, Assertion] = {}
    for finding, statement, position in zip(FINDINGS, said, scaled, strict=True):
        model = None if np.isnan(position) else Assertion.PRESENT if position >= _EVEN else Assertion.ABSENT
        report = {_PRESENT: Assertion.PRESENT, _ABSENT: Assertion.ABSENT, _UNCERTAIN: Assertion.UNCERTAIN}.get(
            None if np.isnan(statement) else int(statement)  # type: ignore[arg-type]
        )
        contradict = report in (Assertion.PRESENT, Assertion.ABSENT) and model is not None and report is not model
        answer = None if contradict else report or model
        if answer is not None:
            result[finding] = answer
    return result

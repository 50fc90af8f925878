"""What reading a study is worth: the labels it may put right, the contradictions and doubts it may settle."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.findings import FINDINGS, Finding
from components.relabeling._noise import label_noise
from components.relabeling._task import Why

Choice = tuple[str, float, Why, Finding | None]
"""Study, score, why, the finding it is about."""

EVEN = 0.5
PRESENT, ABSENT, UNCERTAIN = 1, 0, -1
_COLUMNS = [finding.value for finding in FINDINGS]
_RAREST = 0.5  # of a finding's worth, what rarity adds for the rarest


def aligned(
    studies: Sequence[str], codes: pd.DataFrame, probabilities: pd.DataFrame, thresholds: Mapping[Finding, float | None]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Codes and scaled probabilities of the studies, both [N, 14]; scaled so that each threshold lies at .5."""
    said = codes.loc[list(studies), _COLUMNS].to_numpy(dtype=float)
    raw = probabilities.loc[list(studies), _COLUMNS].to_numpy(dtype=float)
    cut = np.array([EVEN if thresholds.get(finding) is None else thresholds[finding] for finding in FINDINGS], float)
    cut = np.clip(cut, 1e-6, 1 - 1e-6)
    return said, np.where(raw < cut, raw / (2 * cut), 1 - (1 - raw) / (2 * (1 - cut)))


def rankings(
    studies: Sequence[str],
    said: NDArray[np.float64],
    scaled: NDArray[np.float64],
    *,
    wrong: NDArray[np.float64],
    worth: NDArray[np.float64],
) -> tuple[list[Choice], list[Choice], list[Choice]]:
    """Probably wrong labels, contradictions and doubts, each the most valuable first; a study stands in one of them.

    A study whose label of some finding is more likely wrong than right counts by the chance that any of its labels
    is wrong. A contradiction counts by its strongest finding: 1 is a model that is sure of the opposite. Doubt is
    averaged over the findings, a hedging report counts as full doubt. Each finding counts by its worth.

    Args:
        studies: [N], in the order that decides ties.
        said: [N, 14], 1, 0, -1 and anything else for unmentioned.
        scaled: [N, 14], probabilities with the threshold at .5, or NaN.
        wrong: [N, 14], the chance that the label is wrong (`label_noise`); NaN where it was not estimated.
        worth: [14], 0..1.
    """
    gap = np.where(said == PRESENT, 1 - 2 * scaled, np.where(said == ABSENT, 2 * scaled - 1, 0.0))
    gap = worth * np.nan_to_num(np.clip(gap, 0, 1))
    doubt = worth * np.where(said == UNCERTAIN, 1.0, np.nan_to_num(1 - np.abs(2 * scaled - 1)))
    chance = np.nan_to_num(wrong)
    mislabelled = chance.max(axis=1, initial=0.0) > EVEN
    strongest, average = gap.max(axis=1, initial=0.0), doubt.mean(axis=1)
    contradicts = ~mislabelled & (strongest > average)
    any_wrong = 1 - np.prod(1 - worth * chance, axis=1)
    return (
        _ranked(studies, worth * chance, np.where(mislabelled, any_wrong, 0.0), Why.NOISE),
        _ranked(studies, gap, np.where(contradicts, strongest, 0.0), Why.DISAGREEMENT),
        _ranked(studies, doubt, np.where(mislabelled | contradicts, 0.0, average), Why.UNCERTAINTY),
    )


def out_of_fold(models: Iterable[tuple[pd.DataFrame, Collection[str]]]) -> pd.DataFrame:
    """For each study the scores of the first model that did not learn from it: index study, 14 columns.

    Args:
        models: the newest first; the scores of each (index study) and the studies that it learned from.
    """
    found = pd.DataFrame(columns=pd.Index(_COLUMNS), dtype=float)
    for scores, learned in models:
        unseen = scores[~scores.index.isin(list(learned)) & ~scores.index.isin(found.index)]
        found = pd.concat([found, unseen.reindex(columns=_COLUMNS)]) if len(unseen) else found
    return found.astype(float)


def chances_wrong(studies: Sequence[str], codes: pd.DataFrame, scores: pd.DataFrame) -> NDArray[np.float64]:
    """For each study and finding the chance that its label is wrong, [N, 14]; NaN where nothing tells.

    The estimate is made over all studies with out-of-fold scores. An unmentioned finding counts as absent, as
    it does in training; an uncertain one has no label that could be wrong.
    """
    known = scores.index.intersection(codes.index).sort_values()
    labels = codes.loc[known, _COLUMNS].to_numpy(dtype=int)
    labels = np.where(labels == UNCERTAIN, UNCERTAIN, (labels == PRESENT).astype(int))
    _, chance = label_noise(labels, scores.loc[known, _COLUMNS].to_numpy(dtype=float))
    table = pd.DataFrame(chance, index=known).reindex(list(studies))
    found: NDArray[np.float64] = table.to_numpy(dtype=float)
    return found


def worth_of_findings(codes: pd.DataFrame) -> NDArray[np.float64]:
    """What a label of each finding is worth, [14]: .5 for a common one up to 1 for the one with fewest positives."""
    positives = np.maximum((codes[_COLUMNS] == PRESENT).sum().to_numpy(dtype=float), 1)
    worth: NDArray[np.float64] = (1 - _RAREST) + _RAREST * np.sqrt(positives.min() / positives)
    return worth


def _ranked(
    studies: Sequence[str], by_finding: NDArray[np.float64], score: NDArray[np.float64], why: Why
) -> list[Choice]:
    order = np.argsort(-score, kind="stable")  # ties keep the order given
    return [
        (studies[i], float(score[i]), why, FINDINGS[int(by_finding[i].argmax())]) for i in map(int, order) if score[i]
    ]

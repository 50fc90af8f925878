"""A report's sentences brought together: one assertion for each of the 14 observations."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from components.findings import FINDINGS, Assertion, Finding
from components.labeler._lexicon import lexicon
from components.labeler._reading import Reading, Span, Statement, read_sentence
from components.labeler._sentences import sentences, word_places

_RULES = "1.1.0"
_REMEMBERED = 8192  # reports repeat their sentences; each is read once while it is remembered
_LONGEST_REMEMBERED = 300
_WEIGHT = {Assertion.UNMENTIONED: 0, Assertion.ABSENT: 1, Assertion.UNCERTAIN: 2, Assertion.PRESENT: 3}
_ABNORMAL = frozenset({Assertion.PRESENT, Assertion.UNCERTAIN})

LABELER_VERSION: str = f"{_RULES}+{lexicon().digest[:12]}"
"""The rules' version and the hash of the vocabulary: labels of two versions are not the same labels."""


@dataclass(frozen=True)
class Explanation:
    """One statement of a report: the sentence, and where in it the mention and the cue that decided stand.

    A span is the first character and the one after the last; `cue_at` is None where the mention alone says it.
    """

    finding: Finding
    assertion: Assertion
    sentence: str
    mention_at: Span
    cue_at: Span | None

    @property
    def mention(self) -> str:
        """The words that name the finding, in the report's own letters."""
        return self.sentence[slice(*self.mention_at)]

    @property
    def cue(self) -> str:
        """The words that decided what is asserted; "" where the mention alone did."""
        return self.sentence[slice(*self.cue_at)] if self.cue_at else ""


def label_report(findings: str, impression: str) -> dict[Finding, Assertion]:
    """What the report asserts of each of the 14 observations; a committed positive anywhere wins."""
    said = _read(findings, impression)
    labels = dict.fromkeys(FINDINGS, Assertion.UNMENTIONED)
    for _, statement in _counted(said):
        if _WEIGHT[statement.assertion] > _WEIGHT[labels[statement.finding]]:
            labels[statement.finding] = statement.assertion
    if _nothing_found(labels, said):
        labels[Finding.NO_FINDING] = Assertion.PRESENT
    return labels


def explain(findings: str, impression: str) -> tuple[Explanation, ...]:
    """Every statement that `label_report` weighed, in reading order."""
    places: dict[str, list[tuple[int, int]]] = {}
    explanations = []
    for sentence, statement in _counted(_read(findings, impression)):
        if sentence not in places:
            places[sentence] = word_places(sentence)
        explanations.append(
            Explanation(
                finding=statement.finding,
                assertion=statement.assertion,
                sentence=sentence,
                mention_at=_characters(places[sentence], statement.mention),
                cue_at=_characters(places[sentence], statement.cue) if statement.cue else None,
            )
        )
    return tuple(explanations)


def _characters(places: list[tuple[int, int]], words: Span) -> Span:
    return places[words[0]][0], places[words[1] - 1][1]


@dataclass(frozen=True, slots=True)
class _Said:
    sentence: str
    reading: Reading
    concluding: bool


def _read(findings: str, impression: str) -> list[_Said]:
    return [
        _Said(sentence, _reading(sentence), concluding)
        for text, concluding in ((findings, False), (impression, True))
        for sentence in sentences(text)
    ]


def _reading(sentence: str) -> Reading:
    if len(sentence) > _LONGEST_REMEMBERED:
        return read_sentence(sentence, lexicon())
    return _remembered(sentence)


@lru_cache(maxsize=_REMEMBERED)
def _remembered(sentence: str) -> Reading:
    return read_sentence(sentence, lexicon())


def _counted(said: list[_Said]) -> Iterator[tuple[str, Statement]]:
    """The statements that count: the impression may take back what the findings called a nodule or an opacity."""
    revised = {finding for one in said if one.concluding for finding in one.reading.revised}
    for one in said:
        for statement in one.reading.statements:
            if one.concluding or statement.finding not in revised or statement.assertion not in _ABNORMAL:
                yield one.sentence, statement


def _nothing_found(labels: dict[Finding, Assertion], said: list[_Said]) -> bool:
    """Whether the report tells of health, and of nothing abnormal but devices."""
    if any(assertion in _ABNORMAL for finding, assertion in labels.items() if finding is not Finding.SUPPORT_DEVICES):
        return False
    return any(one.reading.well for one in said) and not any(one.reading.abnormal for one in said)

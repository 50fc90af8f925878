"""One sentence read: the observations it speaks of, and the words that made each."""

from dataclasses import dataclass

from components.findings import Assertion, Finding
from components.labeler._alternatives import explain_away, place_scars, weigh_alternatives
from components.labeler._lexicon import Lexicon, Role
from components.labeler._scope import assert_mentions
from components.labeler._sentences import words
from components.labeler._structures import described
from components.labeler._tagging import Element, tag

_WELL = frozenset({"normal", "clear"})
_DENIALS = frozenset({Role.DENIES, Role.UNDOES})

Span = tuple[int, int]
"""Words or characters `start` to before `end` of a sentence."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What one sentence says of one observation; `cue` is None where the mention alone says it."""

    finding: Finding
    assertion: Assertion
    mention: Span
    cue: Span | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A sentence's statements, the observations it takes back, and whether it tells of health or of an abnormality."""

    statements: tuple[Statement, ...] = ()
    revised: tuple[Finding, ...] = ()
    well: bool = False
    abnormal: bool = False


def read_sentence(sentence: str, lexicon: Lexicon) -> Reading:
    """What the sentence says."""
    tokens = words(sentence, lexicon.spelling)
    elements = tag(tokens, lexicon.root)
    if not elements:
        return Reading()
    assert_mentions(elements, tokens)
    weigh_alternatives(elements)
    place_scars(elements)
    revised = explain_away(elements)
    return Reading(
        statements=tuple(_statements(elements)),
        revised=tuple(revised),
        well=any(
            element.role in _DENIALS or (element.role is Role.STATE and element.entry.name in _WELL)
            for element in elements
        ),
        abnormal=any(element.entry.abnormal and not element.denied for element in elements),
    )


def _statements(elements: list[Element]) -> list[Statement]:
    statements = [
        Statement(finding, element.assertion, _span(element), _span(element.cue) if element.cue else None)
        for element in elements
        if element.role is Role.MENTION and element.assertion is not None
        for finding in element.entry.findings
    ]
    statements += [
        Statement(said.finding, said.assertion, _span(said.structure), _span(said.state))
        for said in described(elements)
    ]
    return statements


def _span(element: Element) -> Span:
    return element.start, element.end

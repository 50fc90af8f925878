"""Mentions that stand as alternatives of each other, and mentions that the sentence explains away."""

from collections.abc import Sequence
from dataclasses import replace

from components.findings import Assertion, Finding
from components.labeler._lexicon import Role
from components.labeler._tagging import Element

_LOOSE = frozenset(
    {
        Role.MEASURE,
        Role.PLACE,
        Role.STATE,
        Role.STEADY,
        Role.ANATOMY,
        Role.AT,
        Role.NEUTRAL,
        Role.ABNORMALITY,
        Role.TRAP,
        Role.ELSEWHERE,
    }
)
_HEDGES = frozenset({Role.HEDGES, Role.HEDGED})
_LINKS = _HEDGES | {Role.VERB, Role.NEUTRAL}
_NAMES = _HEDGES | {Role.NEUTRAL}  # "representing": a device beside an opacity does not explain it
_ENDS_CALLING = frozenset({Role.DENIES, Role.UNDOES, Role.TURN, Role.WITH})
_BEFORE_RIGHT = _LOOSE | {Role.HEDGES, Role.HEDGED, Role.CALCIFIED, Role.COMMA}
_NEAR = 12
_BEFORE_SCRUBBED = frozenset({Role.COMMA, Role.MENTION, Role.VERB})
_PARTS = frozenset({Role.INNOCENT, Role.DENIES, Role.UNDOES, Role.WITH, Role.EITHER, Role.VERSUS})
_NAMED = frozenset({Role.MENTION, Role.OTHER, Role.INNOCENT})
_ANGLE = "costophrenic angles"
_NEW_SUBJECT = frozenset({Role.TURN, Role.WITH, Role.AND})
_LUNG = frozenset({Finding.LUNG_OPACITY, Finding.ATELECTASIS, Finding.LUNG_LESION})
_PICTURES = frozenset({Finding.LUNG_LESION, Finding.LUNG_OPACITY})


def weigh_alternatives(elements: Sequence[Element]) -> None:
    """ "A or B", "A versus B", "A/B": neither is committed to, unless both are the same observation."""
    for index, element in enumerate(elements):
        if element.role is Role.EITHER or element.role is Role.VERSUS:
            place, right = _left_of(elements, index), _right_of(elements, index)
            left = elements[place] if place is not None else None
            if place is None or left is None or (right is None and element.role is Role.EITHER):
                continue
            if right is not None and right.role is left.role and right.entry.findings == left.entry.findings:
                continue
            _make_uncertain(left, element)
            if right is not None:
                _make_uncertain(right, element)
            _make_list_uncertain(elements, index, place)


def _make_uncertain(mention: Element, connector: Element) -> None:
    if mention.assertion is Assertion.PRESENT:
        mention.assertion, mention.cue = Assertion.UNCERTAIN, connector


def _left_of(elements: Sequence[Element], index: int) -> int | None:
    place = index - 1
    if place >= 0 and elements[place].role is Role.COMMA:
        place -= 1
    while place >= 0 and elements[place].role in _LOOSE:
        place -= 1
    return place if place >= 0 and elements[place].role in _NAMED else None


def _right_of(elements: Sequence[Element], index: int) -> Element | None:
    place = index + 1
    while place < len(elements) and elements[place].role in _BEFORE_RIGHT:
        place += 1
    return elements[place] if place < len(elements) and elements[place].role in _NAMED else None


def _make_list_uncertain(elements: Sequence[Element], index: int, left: int) -> None:
    """ "A, B, or C": with a comma before "or", what stands before B belongs to the list."""
    if index < 1 or elements[index - 1].role is not Role.COMMA:
        return
    met_comma = False
    for place in range(left - 1, -1, -1):
        element = elements[place]
        if element.role is Role.COMMA:
            met_comma = True
        elif element.role is Role.MENTION and met_comma:
            _make_uncertain(element, elements[index])
            met_comma = False
        elif element.role not in _LOOSE:
            return


def place_scars(elements: Sequence[Element]) -> None:
    """A scar at the costophrenic angle, or one that blunts it, is the pleura's."""
    blunted = None
    for index, element in enumerate(elements):
        if element.blunts:
            blunted = index
        pleural = element.entry.at_pleura
        if pleural is not None and (_stands_at_angle(elements, index) or _blunts_angle(elements, index, blunted)):
            element.entry = replace(element.entry, findings=(pleural,))


def _stands_at_angle(elements: Sequence[Element], index: int) -> bool:
    for element in elements[index + 1 : index + 1 + _NEAR]:
        if element.role not in {Role.AT, Role.PLACE}:
            return element.entry.name == _ANGLE
    return False


def _blunts_angle(elements: Sequence[Element], index: int, blunted: int | None) -> bool:
    """Whether nothing of the lung is named from the blunted angle on to soon after the scar at `index`."""
    if blunted is None or index - blunted > _NEAR:
        return False
    around = [*elements[blunted + 1 : index], *elements[index + 1 : index + _NEAR]]
    return not any(_is_new_subject(element) or _LUNG.intersection(element.entry.findings) for element in around)


def _is_new_subject(element: Element) -> bool:
    return element.role in _NEW_SUBJECT and element.entry.name != "which"


def explain_away(elements: Sequence[Element]) -> list[Finding]:
    """Takes away nodules and opacities that are calcified or "represent a nipple shadow"; gives those committed to."""
    revised: list[Finding] = []
    for index, element in enumerate(elements):
        if element.role is Role.CALCIFIED:
            _drop_calcified(elements, index)
        elif element.role is Role.INNOCENT or element.entry.explains:
            revised += _drop_innocent(elements, index)
        elif element.role is Role.MENTION and Finding.FRACTURE in element.entry.findings:
            _drop_broken_device(elements, index)
    return revised


def _drop_calcified(elements: Sequence[Element], index: int) -> None:
    place = index + 1
    while place < len(elements) and elements[place].role in _LOOSE:
        place += 1
    if place < len(elements) and elements[place].role is Role.MENTION:
        _drop(elements[place], elements[index])
    else:
        _drop_called_calcified(elements, index)


def _drop_called_calcified(elements: Sequence[Element], index: int) -> None:
    """ "The nodule … appears calcified"; "nodules, calcified"."""
    linked = False
    for place in range(index - 1, max(-1, index - _NEAR), -1):
        element = elements[place]
        if element.role is Role.MENTION:
            if linked:
                _drop(element, elements[index])
            return
        if element.role in _ENDS_CALLING and element.entry.name != "which":
            return
        linked = linked or element.role in {Role.VERB, Role.COMMA}


def _drop(mention: Element, cue: Element) -> bool:
    if not _PICTURES.intersection(mention.entry.findings) or mention.assertion is Assertion.ABSENT:
        return False
    mention.assertion, mention.cue = None, cue
    return True


def _drop_innocent(elements: Sequence[Element], index: int) -> list[Finding]:
    if elements[index].denied or elements[index].assertion is Assertion.ABSENT:
        return []
    links = _LINKS if elements[index].role is Role.INNOCENT else _NAMES
    place, linked, hedge = index - 1, False, None
    while place >= 0 and elements[place].role is not Role.MENTION:
        role = elements[place].role
        linked = linked or role in links or _is_scrubbed_link(elements, place)
        hedge = elements[place] if role in _HEDGES else hedge
        if role in _PARTS or (role in {Role.AT, Role.COMMA, Role.AND} and not linked):
            return []
        place -= 1
    if place < 0 or not linked:
        return []
    if hedge is not None and hedge.entry.name == "open":
        _doubt(elements[place], hedge)
        return []
    dropped = _drop(elements[place], elements[index])
    return list(elements[place].entry.findings) if dropped and hedge is None else []


def _doubt(mention: Element, hedge: Element) -> None:
    """ "… may represent a nipple shadow": neither is committed to."""
    if _PICTURES.intersection(mention.entry.findings):
        _make_uncertain(mention, hedge)


def _is_scrubbed_link(elements: Sequence[Element], place: int) -> bool:
    """ "density, XXXX calcified granuloma": the scrubbed word stood for "likely"."""
    return elements[place].role is Role.MEASURE and place > 0 and elements[place - 1].role in _BEFORE_SCRUBBED


def _drop_broken_device(elements: Sequence[Element], index: int) -> None:
    """ "The sternotomy wire is fractured" and "fracture of the screw" break no bone."""
    for step, passes in ((-1, _LOOSE | {Role.VERB}), (1, _LOOSE - {Role.AT})):
        place = index + step
        while 0 <= place < len(elements) and elements[place].role in passes:
            place += step
        beside = elements[place] if 0 <= place < len(elements) else None
        if beside is not None and Finding.SUPPORT_DEVICES in beside.entry.findings:
            elements[index].assertion, elements[index].cue = None, beside

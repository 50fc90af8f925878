"""What a sentence asserts of each mention in it: scopes of denial, hedge and history over its structure.

A cue that reaches forward opens a scope; words that turn the sentence ("but", "there is", a new statement
after a comma) close it. A cue that reaches back takes the nearest mention before it and those joined to it.
"""

from collections.abc import Callable, Sequence

from components.findings import Assertion, Finding
from components.labeler._lexicon import Role
from components.labeler._open import OpenScopes
from components.labeler._scrubbed import follows_scrubbed_likely, scrubbed_likely
from components.labeler._tagging import Element

_FARTHEST = 100  # no report names as much between a mention and its cue; bounds the time a hostile text takes
_JOINTS = frozenset(
    {
        Role.COMMA,
        Role.AND,
        Role.EITHER,
        Role.MEASURE,
        Role.PLACE,
        Role.STATE,
        Role.STEADY,
        Role.TRAP,
        Role.ELSEWHERE,
    }
)
_BEFORE_ADJECTIVE = frozenset({None, Role.COMMA, Role.AND, Role.WITH, Role.HEDGES, Role.NEUTRAL})
_REACHES_BACK = frozenset({Role.DENIED, Role.HEDGED, Role.OMITTED})
_FADES = frozenset(Finding) - {Finding.FRACTURE, Finding.SUPPORT_DEVICES, Finding.PLEURAL_OTHER}


def assert_mentions(elements: Sequence[Element], words: Sequence[str]) -> None:
    """Gives every mention its assertion and cue, and every state and abnormality its denial or hedge."""
    scope = OpenScopes(elements, words)
    for index, element in enumerate(elements):
        handle = _HANDLERS.get(element.role)
        if handle is not None:
            handle(scope, index, element)


def _on_mention(scope: OpenScopes, index: int, element: Element) -> None:
    scope.told = True
    if scope.advises or scope.omits:
        element.cue = scope.advises or scope.omits
    elif scope.denies and scope.denies.role is Role.UNDOES:
        element.assertion, element.cue = Assertion.ABSENT, scope.denies
    elif (former := _former(scope, index)) is not None and _fades(element):
        element.cue = former
    elif scope.denies:
        element.assertion, element.cue = Assertion.ABSENT, scope.denies
    elif scope.hedges:
        element.assertion, element.cue = Assertion.UNCERTAIN, scope.hedges
    elif scope.is_borderline(index - 1):
        element.assertion, element.cue = Assertion.UNCERTAIN, scope.elements[index - 1]
    elif (likely := scrubbed_likely(scope, index)) is not None:
        element.assertion, element.cue = Assertion.UNCERTAIN, likely
    elif _clear_of(scope, index):
        element.assertion, element.cue = Assertion.ABSENT, scope.elements[index - 1]
    else:
        element.assertion = element.entry.assertion


def _former(scope: OpenScopes, index: int) -> Element | None:
    """The "prior" of "prior pneumonia" and of "prior histoplasmosis infection"."""
    place = index - 2 if scope.role(index - 1) is Role.ABNORMALITY else index - 1
    return scope.elements[place] if scope.role(place) is Role.FORMER else None


def _clear_of(scope: OpenScopes, index: int) -> bool:
    """ "Lungs are clear airspace disease": the "of" was lost in dictation."""
    if scope.role(index - 1) is not Role.STATE or scope.role(index - 2) is not Role.VERB:
        return False
    before = scope.elements[index - 1]
    return before.entry.name == "clear" and before.end == scope.elements[index].start


def _fades(element: Element) -> bool:
    return not element.entry.lasting and bool(_FADES.intersection(element.entry.findings))


def _on_state(scope: OpenScopes, index: int, element: Element) -> None:
    element.denied = scope.denies is not None
    element.hedged = scope.hedges is not None
    element.cue = scope.denies or scope.hedges
    if element.entry.name == "normal" and scope.role(index - 1) is Role.VERB and scope.role(index - 2) is Role.MENTION:
        before = scope.elements[index - 2]  # "vascular engorgement appears within normal limits"
        if not before.entry.lasting and before.assertion is not None:
            before.assertion, before.cue = Assertion.ABSENT, element
    element.hedged = element.hedged or follows_scrubbed_likely(scope, index)


def _on_abnormality(scope: OpenScopes, index: int, element: Element) -> None:
    element.denied = scope.denies is not None or scope.advises is not None
    scope.told = True


def _on_denies(scope: OpenScopes, index: int, element: Element) -> None:
    if _trails(scope, index, element):
        _reach_back(scope, index, Assertion.ABSENT)  # "Pneumothorax: no"
    scope.denies, scope.hedges = element, None
    scope.told = scope.closing = False


def _on_hedges(scope: OpenScopes, index: int, element: Element) -> None:
    if scope.denies and scope.told and scope.role(index - 1) in {Role.COMMA, Role.AND}:
        scope.denies = None
    if _trails(scope, index, element):
        _reach_back(scope, index, Assertion.UNCERTAIN)
    else:
        scope.hedges = element


def _trails(scope: OpenScopes, index: int, element: Element) -> bool:
    """A cue that is the sentence's last word looks back: "Pneumonia?", "Pneumothorax: no"."""
    return index > 0 and element.end == len(scope.words)


def _on_omits(scope: OpenScopes, index: int, element: Element) -> None:
    scope.omits = element


def _on_advises(scope: OpenScopes, index: int, element: Element) -> None:
    scope.advises = element


def _on_turn(scope: OpenScopes, index: int, element: Element) -> None:
    scope.denies = scope.hedges = scope.omits = None


def _on_comma(scope: OpenScopes, index: int, element: Element) -> None:
    scope.omits = None
    if scope.denies and (scope.closing or scope.opens(index + 1)):
        scope.denies, scope.closing = None, False
    if scope.hedges and scope.role(index + 1) is not Role.PLACE and scope.opens(index + 1):
        scope.hedges = None


def _on_verb(scope: OpenScopes, index: int, element: Element) -> None:
    scope.closing = scope.denies is not None and scope.told


def _on_and(scope: OpenScopes, index: int, element: Element) -> None:
    joined = scope.denies is not None and scope.denies.role is Role.UNDOES and scope.role(index + 1) is Role.PLACE
    if scope.denies and not joined and (scope.closing or scope.opens(index + 1)):
        scope.denies = None
    if scope.hedges and scope.role(index + 1) in {Role.STEADY, Role.MEASURE}:
        scope.hedges = None


def _on_with(scope: OpenScopes, index: int, element: Element) -> None:
    scope.omits = None
    if scope.told:
        scope.denies = None
    if scope.role(index + 1) in {Role.STEADY, Role.MEASURE}:
        scope.hedges = None


def _on_denied(scope: OpenScopes, index: int, element: Element) -> None:
    if scope.role(index + 1) is Role.ELSEWHERE:
        return  # "not seen on the prior film"
    if scope.role(index - 1) in _BEFORE_ADJECTIVE and scope.role(index + 1) is Role.MENTION:
        scope.denies, scope.told, scope.closing = element, False, True  # "resolved pneumothorax"
    else:
        _reach_back(scope, index, Assertion.ABSENT)


def _on_hedged(scope: OpenScopes, index: int, element: Element) -> None:
    ahead = index + 1
    if scope.role(index - 1) in {Role.COMMA, Role.EITHER} and scope.role(ahead) is Role.COMMA:
        ahead += 1  # "atelectasis or, less likely, pneumonia"
    while scope.role(ahead) in {Role.MEASURE, Role.PLACE, Role.STATE, Role.STEADY, Role.NEUTRAL}:
        ahead += 1
    if scope.role(ahead) in {Role.MENTION, Role.INNOCENT}:
        scope.hedges = element  # "is likely atelectasis"
    else:
        _reach_back(scope, index, Assertion.UNCERTAIN)


def _on_omitted(scope: OpenScopes, index: int, element: Element) -> None:
    _reach_back(scope, index, None)


def _reach_back(scope: OpenScopes, index: int, assertion: Assertion | None) -> None:
    """Gives `assertion` to the nearest mention before the cue, and to those that a list joins to it."""
    cue = scope.elements[index]
    met, hedged = False, False
    for place in range(index - 1, max(-1, index - _FARTHEST), -1):
        element = scope.elements[place]
        if element.role is Role.MENTION:
            if met and element.assertion is Assertion.ABSENT:
                return
            if element.assertion is not None:
                was_denied = element.assertion is Assertion.ABSENT
                element.assertion = Assertion.UNCERTAIN if hedged and assertion and not was_denied else assertion
                element.cue = cue
            met = True
        elif met and element.role not in _JOINTS:
            return
        elif element.role in _REACHES_BACK and scope.role(place + 1) is not Role.ELSEWHERE:
            return
        elif element.role is Role.HEDGES:
            hedged = True


_HANDLERS: dict[Role, Callable[[OpenScopes, int, Element], None]] = {
    Role.MENTION: _on_mention,
    Role.STATE: _on_state,
    Role.ABNORMALITY: _on_abnormality,
    Role.INNOCENT: _on_abnormality,
    Role.OTHER: _on_abnormality,
    Role.TRAP: _on_abnormality,
    Role.CALCIFIED: _on_abnormality,
    Role.DENIES: _on_denies,
    Role.UNDOES: _on_denies,
    Role.DENIED: _on_denied,
    Role.HEDGES: _on_hedges,
    Role.HEDGED: _on_hedged,
    Role.OMITS: _on_omits,
    Role.ADVISES: _on_advises,
    Role.OMITTED: _on_omitted,
    Role.TURN: _on_turn,
    Role.COMMA: _on_comma,
    Role.VERB: _on_verb,
    Role.AND: _on_and,
    Role.WITH: _on_with,
}

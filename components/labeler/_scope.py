"""What a sentence asserts of each mention in it: scopes of denial, hedge and history over its structure.

A cue that reaches forward opens a scope; words that turn the sentence ("but", "there is", a new statement
after a comma) close it. A cue that reaches back takes the nearest mention before it and those joined to it.
"""

from collections.abc import Callable, Sequence

from components.findings import Assertion, Finding
from components.labeler._lexicon import Role
from components.labeler._tagging import Element

_LOOKAHEAD = 12
_NEW_STATEMENT = frozenset({"stable", "normal", "borderline", "clear"})
_JOINTS = frozenset({Role.COMMA, Role.AND, Role.EITHER, Role.MEASURE, Role.PLACE, Role.STATE, Role.STEADY, Role.TRAP})
_ENDS_LOOKING = frozenset({Role.TURN, Role.DENIES, Role.VERB, Role.HEDGES})
_FADES = frozenset(Finding) - {Finding.FRACTURE, Finding.SUPPORT_DEVICES, Finding.PLEURAL_OTHER}


class _Scope:
    """The scopes open at one place of a sentence."""

    __slots__ = ("advises", "closing", "denies", "elements", "hedges", "omits", "told", "words")

    def __init__(self, elements: Sequence[Element], words: Sequence[str]) -> None:
        self.elements = elements
        self.words = words
        self.denies: Element | None = None
        self.hedges: Element | None = None
        self.omits: Element | None = None
        self.advises: Element | None = None
        self.told = False  # the open denial has met a mention
        self.closing = False  # … and a verb after it: the next comma or "and" ends it

    def role(self, index: int) -> Role | None:
        return self.elements[index].role if 0 <= index < len(self.elements) else None

    def is_borderline(self, index: int) -> bool:
        """Whether the state at `index` is "borderline", which as an adjective hedges the mention it stands before."""
        return self.role(index) is Role.STATE and self.elements[index].entry.name == "borderline"

    def opens(self, index: int) -> bool:
        """Whether a new statement begins at `index`, rather than the next item of a list."""
        role = self.role(index)
        if role is Role.STEADY:
            return True
        if role is Role.STATE:
            return self.elements[index].entry.name in _NEW_STATEMENT or self._no_list_goes_on(index, state=True)
        if role is Role.MEASURE or role is Role.PLACE:
            return self._no_list_goes_on(index, state=False)
        if role is Role.ANATOMY:
            return self._has_predicate(index)
        return False

    def _has_predicate(self, index: int) -> bool:
        for element in self.elements[index + 1 : index + _LOOKAHEAD]:
            if element.role in {Role.VERB, Role.STATE}:
                return True
            if element.role not in {Role.ANATOMY, Role.AND, Role.MEASURE, Role.PLACE}:
                return False
        return False

    def _no_list_goes_on(self, index: int, *, state: bool) -> bool:
        """True unless an "or" follows before the sentence turns: "no A, small B, or C" is one list."""
        met = False
        for element in self.elements[index + 1 : index + _LOOKAHEAD]:
            if element.role in {Role.EITHER, Role.VERSUS}:
                return False
            if element.role in _ENDS_LOOKING:
                break
            met = met or element.role is Role.ANATOMY
        return met if state else True


def assert_mentions(elements: Sequence[Element], words: Sequence[str]) -> None:
    """Gives every mention its assertion and cue, and every state and abnormality its denial or hedge."""
    scope = _Scope(elements, words)
    for index, element in enumerate(elements):
        handle = _HANDLERS.get(element.role)
        if handle is not None:
            handle(scope, index, element)


def _on_mention(scope: _Scope, index: int, element: Element) -> None:
    scope.told = True
    if scope.advises or scope.omits:
        element.cue = scope.advises or scope.omits
    elif scope.role(index - 1) is Role.FORMER and _fades(element):
        element.cue = scope.elements[index - 1]
    elif scope.denies:
        element.assertion, element.cue = Assertion.ABSENT, scope.denies
    elif scope.hedges:
        element.assertion, element.cue = Assertion.UNCERTAIN, scope.hedges
    elif scope.is_borderline(index - 1):
        element.assertion, element.cue = Assertion.UNCERTAIN, scope.elements[index - 1]
    elif element.entry.diagnosis and _scrubbed_likely(scope, index, element):
        element.assertion, element.cue = Assertion.UNCERTAIN, scope.elements[index - 1]
    else:
        element.assertion = element.entry.assertion


def _fades(element: Element) -> bool:
    return not element.entry.lasting and bool(_FADES.intersection(element.entry.findings))


def _scrubbed_likely(scope: _Scope, index: int, element: Element) -> bool:
    """ "… opacity, XXXX atelectasis": the scrubbed word stands where "likely" stood."""
    if element.start == 0 or scope.words[element.start - 1] != "xxxx" or scope.role(index - 1) is not Role.MEASURE:
        return False
    if element.start == 1:
        return True
    before = scope.elements[index - 2] if index > 1 else None
    touching = before is not None and before.end == element.start - 1
    return touching and before is not None and before.role in {Role.COMMA, Role.MENTION}


def _on_state(scope: _Scope, index: int, element: Element) -> None:
    element.denied = scope.denies is not None
    element.hedged = scope.hedges is not None
    element.cue = scope.denies or scope.hedges
    if element.entry.name == "normal" and scope.role(index - 1) is Role.VERB and scope.role(index - 2) is Role.MENTION:
        before = scope.elements[index - 2]  # "vascular engorgement appears within normal limits"
        if not before.entry.lasting and before.assertion is not None:
            before.assertion, before.cue = Assertion.ABSENT, element
    element.hedged = element.hedged or _follows_scrubbed_likely(scope, index)


def _follows_scrubbed_likely(scope: _Scope, index: int) -> bool:
    """ "Heart size XXXX mildly enlarged": the scrubbed word between a structure and its state stood for "likely"."""
    place = index - 1
    if scope.role(place) is Role.MEASURE and scope.words[scope.elements[place].start] != "xxxx":
        place -= 1
    if scope.role(place) is not Role.MEASURE or scope.words[scope.elements[place].start] != "xxxx":
        return False
    return scope.role(place - 1) in {Role.ANATOMY, Role.VERB}


def _on_abnormality(scope: _Scope, index: int, element: Element) -> None:
    element.denied = scope.denies is not None or scope.advises is not None
    scope.told = True


def _on_denies(scope: _Scope, index: int, element: Element) -> None:
    scope.denies, scope.hedges = element, None
    scope.told = scope.closing = False


def _on_hedges(scope: _Scope, index: int, element: Element) -> None:
    if scope.denies and scope.told and scope.role(index - 1) in {Role.COMMA, Role.AND}:
        scope.denies = None
    if _trails(scope, index, element):
        _reach_back(scope, index, Assertion.UNCERTAIN)
    else:
        scope.hedges = element


def _trails(scope: _Scope, index: int, element: Element) -> bool:
    """A hedge that is the sentence's last word looks back: "Pneumonia?", "small effusions suspected"."""
    return index > 0 and element.end == len(scope.words)


def _on_omits(scope: _Scope, index: int, element: Element) -> None:
    scope.omits = element


def _on_advises(scope: _Scope, index: int, element: Element) -> None:
    scope.advises = element


def _on_turn(scope: _Scope, index: int, element: Element) -> None:
    scope.denies = scope.hedges = scope.omits = None


def _on_comma(scope: _Scope, index: int, element: Element) -> None:
    scope.omits = None
    if scope.denies and (scope.closing or scope.opens(index + 1)):
        scope.denies, scope.closing = None, False
    if scope.hedges and scope.role(index + 1) is not Role.PLACE and scope.opens(index + 1):
        scope.hedges = None


def _on_verb(scope: _Scope, index: int, element: Element) -> None:
    scope.closing = scope.denies is not None and scope.told


def _on_and(scope: _Scope, index: int, element: Element) -> None:
    if scope.denies and (scope.closing or scope.opens(index + 1)):
        scope.denies = None
    if scope.hedges and scope.role(index + 1) in {Role.STEADY, Role.MEASURE}:
        scope.hedges = None


def _on_with(scope: _Scope, index: int, element: Element) -> None:
    scope.omits = None
    if scope.told:
        scope.denies = None
    if scope.role(index + 1) in {Role.STEADY, Role.MEASURE}:
        scope.hedges = None


def _on_denied(scope: _Scope, index: int, element: Element) -> None:
    if scope.role(index - 1) in {None, Role.COMMA, Role.AND, Role.WITH} and scope.role(index + 1) is Role.MENTION:
        scope.denies, scope.told, scope.closing = element, False, True  # "resolved pneumothorax"
    else:
        _reach_back(scope, index, Assertion.ABSENT)


def _on_hedged(scope: _Scope, index: int, element: Element) -> None:
    ahead = index + 1
    while scope.role(ahead) in {Role.MEASURE, Role.PLACE, Role.STATE, Role.STEADY, Role.NEUTRAL}:
        ahead += 1
    if scope.role(ahead) is Role.MENTION:
        scope.hedges = element  # "is likely atelectasis"
    else:
        _reach_back(scope, index, Assertion.UNCERTAIN)


def _on_omitted(scope: _Scope, index: int, element: Element) -> None:
    _reach_back(scope, index, None)


def _reach_back(scope: _Scope, index: int, assertion: Assertion | None) -> None:
    """Gives `assertion` to the nearest mention before the cue, and to those that a list joins to it."""
    cue = scope.elements[index]
    met, hedged = False, False
    for place in range(index - 1, -1, -1):
        element = scope.elements[place]
        if element.role is Role.MENTION:
            if met and element.assertion is Assertion.ABSENT:
                return
            if element.assertion is not None:
                element.assertion = Assertion.UNCERTAIN if hedged and assertion else assertion
                element.cue = cue
            met = True
        elif met and element.role not in _JOINTS:
            return
        elif element.role in {Role.DENIED, Role.HEDGED, Role.OMITTED}:
            return
        elif element.role is Role.HEDGES:
            hedged = True


_HANDLERS: dict[Role, Callable[[_Scope, int, Element], None]] = {
    Role.MENTION: _on_mention,
    Role.STATE: _on_state,
    Role.ABNORMALITY: _on_abnormality,
    Role.INNOCENT: _on_abnormality,
    Role.OTHER: _on_abnormality,
    Role.TRAP: _on_abnormality,
    Role.CALCIFIED: _on_abnormality,
    Role.DENIES: _on_denies,
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

"""What is said of the heart, the mediastinum, the vessels and the pleural angles by their described state.

A state after its structure ("heart size is normal") describes every structure named before it that has none
yet; a state before a structure ("normal heart size and mediastinal contours") describes those that follow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from components.findings import Assertion, Finding
from components.labeler._lexicon import Role
from components.labeler._tagging import Element

_NEAR = 4  # words between a state and the structure it stands before
_MORE_STATES = 3  # besides the first: "normal in size and stable"
_MOST_WAITING = 16
_HEALTHY = frozenset({"normal", "clear"})
_RESETS = frozenset({Role.TURN, Role.WITH})
_SMALL = frozenset({Role.AND, Role.MEASURE, Role.PLACE, Role.STEADY, Role.STATE, Role.NEUTRAL})


@dataclass(frozen=True, slots=True)
class Described:
    """One observation settled by a structure's state."""

    finding: Finding
    assertion: Assertion
    structure: Element
    state: Element


def described(elements: Sequence[Element]) -> Iterator[Described]:
    """Every observation that the states of structures settle in this sentence."""
    if not any(element.role is Role.ANATOMY for element in elements):
        return
    pairs = _pairs(elements)
    borderline = {id(structure) for structure, state in pairs if state.entry.name == "borderline"}
    last_hedge = max((element.start for element in elements if element.role is Role.HEDGES), default=-1)
    for structure, state in pairs:
        for said in _settled(structure, state, cause_is_open=last_hedge > state.start):
            if said.assertion is Assertion.UNCERTAIN or id(structure) not in borderline:
                yield said


def _pairs(elements: Sequence[Element]) -> list[tuple[Element, Element]]:
    """Each structure with each state that describes it."""
    walk = _Walk(elements)
    for index, element in enumerate(elements):
        role = element.role
        if role is Role.ANATOMY:
            walk.meet_structure(index, element)
        elif role is Role.STATE:
            walk.meet_state(index, element)
        elif role is Role.VERB:
            walk.verb = True
        elif role is Role.COMMA:
            walk.start_segment()
        elif role in _RESETS and not (role is Role.TURN and walk.stands_in_predicate(index)):
            walk.forget()
    return walk.pairs


class _Walk:
    """Where a sentence's structures wait for their state."""

    __slots__ = ("attribute", "described", "elements", "fresh", "more", "pairs", "segment", "verb", "waiting")

    def __init__(self, elements: Sequence[Element]) -> None:
        self.elements = elements
        self.pairs: list[tuple[Element, Element]] = []
        self.forget()

    def forget(self) -> None:
        self.waiting: list[Element] = []  # no state yet
        self.described: list[Element] = []  # got theirs last; a second state may follow ("normal and stable")
        self.segment: list[Element] = []  # named since the last comma
        self.attribute: Element | None = None  # a state that stands before its structures
        self.fresh = False  # that state stands after the last comma
        self.verb = False
        self.more = _MORE_STATES

    def start_segment(self) -> None:
        self.segment = []
        self.verb = self.fresh = False

    def meet_structure(self, index: int, element: Element) -> None:
        before = self.elements[index - 1] if index else None
        if before is not None and before.role is Role.AT and not self._is_slip(index):
            return  # "overlying the mediastinum" is a place, not a subject
        if before is not None and before.role is Role.ANATOMY:
            self.segment = []  # two structures side by side: the later one begins a statement of its own
        self.segment.append(element)
        if self.attribute is not None:
            self.pairs.append((element, self.attribute))
        elif len(self.waiting) < _MOST_WAITING:
            self.waiting.append(element)

    def meet_state(self, index: int, state: Element) -> None:
        if self.attribute is not None and self.segment and not self._stands_before(index):
            if self.fresh and state.entry.name == "stable":
                return  # "prominent markings are unchanged" are prominent
            self._take_back()
        if self.waiting and (self.verb or not self._stands_before(index) or self._touches(index)):
            self.pairs += [(structure, state) for structure in self.waiting]
            self.described, self.waiting, self.attribute = self.waiting, [], None
            self.more = _MORE_STATES
        elif self.described and not self._stands_before(index):
            self.more -= 1
            if self.more < 0:
                return  # bounds the pairs of a text that is no report
            self.pairs += [(structure, state) for structure in self.described]
        else:
            self.attribute = state if self._stands_before(index) else None
            self.fresh = self.attribute is not None
            self.described, self.waiting, self.segment = [], [], []

    def stands_in_predicate(self, index: int) -> bool:
        """Whether the word at `index` stands between a structure and its state: "the heart is otherwise normal"."""
        return self._role(index - 1) in {Role.ANATOMY, Role.VERB} and self._role(index + 1) in {Role.VERB, Role.STATE}

    def _is_slip(self, index: int) -> bool:
        """ "… in the heart is normal": dictation's "in" for "and"."""
        return (
            self.elements[index - 1].entry.name == "in"
            and self._role(index + 1) is Role.VERB
            and self._role(index + 2) is Role.STATE
            and self.elements[index + 2].entry.name in _HEALTHY
        )

    def _role(self, index: int) -> Role | None:
        return self.elements[index].role if 0 <= index < len(self.elements) else None

    def _take_back(self) -> None:
        """ "Normal heart size, mediastinum is enlarged": the later state describes what stands after the comma."""
        del self.pairs[-len(self.segment) :]
        self.waiting, self.attribute = list(self.segment), None

    def _touches(self, index: int) -> bool:
        """Whether the state directly follows a structure: "heart size normal"."""
        before = self.elements[index - 1] if index else None
        return before is not None and before.role is Role.ANATOMY and before.end == self.elements[index].start

    def _stands_before(self, index: int) -> bool:
        """Whether a structure follows so closely that the state is its attribute."""
        end = self.elements[index].end
        for element in self.elements[index + 1 : index + 1 + _NEAR]:
            if element.start - end > _NEAR:
                return False
            if element.role is Role.ANATOMY:
                return True
            if element.role not in _SMALL:
                return False
        return False


def _settled(structure: Element, state: Element, *, cause_is_open: bool) -> Iterator[Described]:
    """Vessels that are indistinct "which may be crowding" are no committed congestion."""
    for finding, assertion in structure.entry.settles.get(state.entry.name, ()):
        if assertion is Assertion.ABSENT:
            if not state.denied:
                yield Described(finding, assertion, structure, state)
        elif state.denied:
            yield Described(finding, Assertion.ABSENT, structure, state)
        elif state.hedged or (state.entry.name == "indistinct" and cause_is_open):
            yield Described(finding, Assertion.UNCERTAIN, structure, state)
        else:
            yield Described(finding, assertion, structure, state)

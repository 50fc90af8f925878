"""Which cues reach over one place of a sentence, and what stands around it."""

from collections.abc import Sequence

from components.labeler._lexicon import Role
from components.labeler._tagging import Element

_LOOKAHEAD = 12
_NEW_STATEMENT = frozenset({"stable", "normal", "borderline", "clear"})
_ENDS_LOOKING = frozenset({Role.TURN, Role.DENIES, Role.UNDOES, Role.VERB, Role.HEDGES})


class OpenScopes:
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
        """The role of the phrase at `index`; None outside the sentence."""
        return self.elements[index].role if 0 <= index < len(self.elements) else None

    def is_scrubbed(self, index: int) -> bool:
        """Whether the word at `index` is a scrubbed one."""
        return self.role(index) is Role.MEASURE and self.words[self.elements[index].start] == "xxxx"

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
            if element.role not in {Role.ANATOMY, Role.AND, Role.MEASURE, Role.PLACE, Role.ELSEWHERE}:
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

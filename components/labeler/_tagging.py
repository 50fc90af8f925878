"""A sentence as its known phrases, in order."""

from collections.abc import Sequence

from components.findings import Assertion, Finding
from components.labeler._lexicon import Entry, Node, Role


class Element:
    """One known phrase in a sentence: words `start` to before `end`, and what scope has said of it so far."""

    __slots__ = ("assertion", "cue", "denied", "end", "entry", "hedged", "role", "start")

    def __init__(self, entry: Entry, start: int, end: int) -> None:
        self.entry = entry
        self.role: Role = entry.role
        self.start = start
        self.end = end
        self.assertion: Assertion | None = None  # None: says nothing about the patient now
        self.cue: Element | None = None
        self.denied = False
        self.hedged = False

    @property
    def blunts(self) -> bool:
        """Whether it calls a pleural angle blunted, without saying by what."""
        if self.role is Role.STATE:
            return self.entry.name == "blunt"
        named = self.role is Role.MENTION and self.entry.assertion is Assertion.UNCERTAIN
        return named and Finding.PLEURAL_EFFUSION in self.entry.findings


def tag(words: Sequence[str], root: Node) -> list[Element]:
    """The longest known phrases from left to right; words that belong to none are left out."""
    elements: list[Element] = []
    first = root.following
    here, count = 0, len(words)
    while here < count:
        node = first.get(words[here])
        if node is None:
            here += 1
            continue
        entry, end = node.entry, here + 1
        after = end
        while after < count and (node := node.following.get(words[after])) is not None:
            after += 1
            if node.entry is not None:
                entry, end = node.entry, after
        if entry is None:
            here += 1
        else:
            if entry.role is not Role.COMMA or not elements or elements[-1].role is not Role.COMMA:
                elements.append(Element(entry, here, end))
            here = end
    return elements

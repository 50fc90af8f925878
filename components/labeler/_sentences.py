"""A section's text as sentences, and a sentence as words in the vocabulary's spelling."""

import re
from collections.abc import Iterator, Mapping

_MARKUP = re.compile(r"<br\s{0,3}/?>|&[lg]t;|&nbsp;", re.IGNORECASE)
# Candidates only: whether the text ends a sentence there is decided by looking at the words around.
_END = re.compile(r"(?<![.!?])[.!?]++(?=[\s\"')\]]|$)|\.(?=[A-Z])|\n+")
_WORD = re.compile(r"xxxx-a-xxxx|[a-z]+(?:'[a-z]+)?|\d+(?:\.\d+)?|\[[a-z]+\]|[,;:/?&()]|(?<=\s)[-–—]+(?=\s)")
_SHORT = frozenset(
    "dr mr mrs ms vs approx lt rt st no fig e.g i.e eg ie cf incl resp bilat poss prob ca max min dept prof".split()
)
_LONGEST_SHORT = 7


def sentences(text: str) -> Iterator[str]:
    """The sentences of a section, in order, stripped; "1.5 cm", "Dr. X" and "vs. Y" end none."""
    if "<" in text or "&" in text:
        text = _MARKUP.sub(" ", text)
    start = 0
    for match in _END.finditer(text):
        if _ends(text, start, match):
            piece = text[start : match.end()].strip()
            if piece:
                yield piece
            start = match.end()
    piece = text[start:].strip()
    if piece:
        yield piece


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    mark, here = match[0], match.start()
    if mark[0] == "\n":
        return _breaks_line(text, match)
    if mark == "?":
        following = text[match.end() : match.end() + 2].strip()
        return not following or not following[0].islower()
    if mark == "." and text[match.end() : match.end() + 1] == " ":
        before = text[max(start, here - _LONGEST_SHORT) : here].rsplit(None, 1)
        word = before[-1].lower().lstrip("(") if before else ""
        return word not in _SHORT or (word == "no" and text[match.end() + 1 : match.end() + 2].isupper())
    return True


def _breaks_line(text: str, match: re.Match[str]) -> bool:
    """A blank line ends a sentence; so does one line's end before a capitalised word, a number or a bullet."""
    if len(match[0]) > 1:
        return True
    following = text[match.end() : match.end() + 40].lstrip()
    if not following:
        return True
    if following[0].isdigit() or following[0] in "-*•#>":
        return True
    return following[0].isupper() and following[1:2].islower()


def words(sentence: str, spelling: Mapping[str, str]) -> list[str]:
    """The sentence's words and separators, in lower case and in the vocabulary's spelling."""
    get = spelling.get
    return [get(word, word) for word in _WORD.findall(sentence.lower())]


def word_places(sentence: str) -> list[tuple[int, int]]:
    """Where each of the sentence's words stands in it: first character, and the one after its last."""
    return [match.span() for match in _WORD.finditer(sentence.lower())]

"""Values of FHIR resources, none of which can be trusted to have its type; and the words of formatted text."""

import re
from html.parser import HTMLParser
from typing import Any

from components.intake._message import readable
from components.intake._reason import Reason, refused

Json = dict[str, Any]

_LONGEST_MARKUP = 1 << 20
_UNSEEN = frozenset({"script", "style", "head", "title"})
_LINES = frozenset(
    {"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "table", "ul", "ol", "section", "hr"}
)
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\s*\n\s*")


def codings(concept: object) -> list[Json]:
    """The codings of a concept."""
    return items(concept.get("coding")) if isinstance(concept, dict) else []


def items(value: object) -> list[Json]:
    """The objects of a list, or the one object that stands in its place."""
    return [item for item in (value if isinstance(value, list) else [value]) if isinstance(item, dict)]


def text_of(value: object) -> str:
    """The string, stripped; empty where it is none."""
    return readable(value).strip() if isinstance(value, str) else ""


def plain_text(markup: str) -> str:
    """The text of HTML, one line a paragraph, list item or row; RefusedInputError where it is far too long."""
    if len(markup) > _LONGEST_MARKUP:
        raise refused(Reason.BAD_REPORT, f"The formatted text is larger than {_LONGEST_MARKUP >> 20} MiB.")
    words = _Words()
    words.feed(markup)
    words.close()
    return _EMPTY_LINES.sub("\n", _BLANKS.sub(" ", "".join(words.words))).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._unseen = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen += tag in _UNSEEN
        if tag in _LINES:
            self.words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        self._unseen -= tag in _UNSEEN and self._unseen > 0
        if tag in _LINES:
            self.words.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.words.append(data)

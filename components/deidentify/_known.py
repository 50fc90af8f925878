"""Names and numbers known to be this patient's or the staff's, looked for in what else is kept."""

import re
import unicodedata

from components.deidentify._profile import Action
from components.deidentify._words import DESCRIPTOR_WORDS, TITLES, VENDOR_WORDS

_PARTS = re.compile(r"[^\W\d_]+(?:['’\-][^\W\d_]+)*")
_WORD = re.compile(r"[^\W_]+")
_NOBODY = DESCRIPTOR_WORDS | VENDOR_WORDS
_SHORTEST_NAME = 3
_SHORTEST_IDENTIFIER = 4
_SHORTEST_NUMBER = 6
_SINGLE = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
_DOUBLE = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss", "å": "aa", "ø": "oe", "æ": "ae"})
_TELLING = re.compile(
    # "MR Software" is magnetic resonance, "Mr Smith" and "MR. SMITH" are people.
    r"\^|@|https?://|\b(?:(?:dr|mr|ms)\.\s*|(?-i:Dr|Mr|Ms)\s+|(?:mrs|prof)\b\.?\s+)[A-Z]|\b\d{1,2}[/.\-]\d{1,2}[/.\-](?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d-\d\d-\d\d\b|\b\d{3}[-. ]\d{3}[-. ]\d{4}\b|\b(?:mrn|dob|ssn)\b",
    re.IGNORECASE,
)


class KnownStrings:
    """Collects names and identifiers of one file; repr shows only how many."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.identifiers: set[str] = set()
        self._parts: set[str] = set()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.names)} names, {len(self.identifiers)} identifiers)"

    def add_name(self, name: str) -> None:
        """Keeps a person's name as DICOM writes it (Family^Given=ideographic=phonetic)."""
        if name.strip(" ^="):
            self.names.add(name)
            self._parts.update(name_parts(name))

    def add_identifier(self, text: str) -> None:
        """Keeps a number, an address, an institution; what is too short would be found everywhere."""
        stripped = text.strip()
        if len(stripped) >= _SHORTEST_IDENTIFIER and stripped.casefold() not in DESCRIPTOR_WORDS:
            self.identifiers.add(stripped)

    def found_in(self, text: str, action: Action) -> bool:
        """Whether the value of a kept element repeats one of them, or looks as though it named someone."""
        if not text:
            return False
        if action is Action.NUMBER:
            numbers = {number for number in self.identifiers if len(number) >= _SHORTEST_NUMBER}
            return any(part.strip() in numbers for part in text.split("\\"))
        folded = text.casefold()
        if any(word not in _NOBODY and not self._parts.isdisjoint(spellings(word)) for word in _WORD.findall(folded)):
            return True
        if any(_holds(folded, identifier.casefold()) for identifier in self.identifiers):
            return True
        return action in (Action.TEXT, Action.PRODUCT) and _TELLING.search(text) is not None

    def without(self, text: str) -> str:
        """The text without the words that are part of a known name."""
        return _WORD.sub(lambda found: found[0] if self._parts.isdisjoint(spellings(found[0].casefold())) else "", text)


def _holds(text: str, identifier: str) -> bool:
    """Whether the identifier is in the text; a short one only as a word, for it would be found everywhere."""
    if identifier not in text or len(identifier) >= _SHORTEST_NUMBER:
        return identifier in text
    return re.search(rf"(?<!\w){re.escape(identifier)}(?!\w)", text) is not None


def name_parts(name: str) -> set[str]:
    """The parts of a name, in small letters: three letters or more, no titles; scripts without case from two."""
    parts: set[str] = set()
    for whole in _PARTS.findall(name.casefold()):
        for part in {whole, *re.split(r"['’\-]", whole)}:
            long_enough = len(part) >= (_SHORTEST_NAME if part.isascii() or part.upper() != part else 2)
            if long_enough and part not in TITLES:
                parts |= spellings(part)
    return parts


def spellings(word: str) -> set[str]:
    """A word in small letters as it is and as keyboards without its letters write it: müller, muller, mueller."""
    if word.isascii():
        return {word}
    apart = unicodedata.normalize("NFKD", word.translate(_SINGLE))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return {word, unicodedata.normalize("NFC", plain), word.translate(_DOUBLE)}

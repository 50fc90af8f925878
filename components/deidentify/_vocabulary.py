"""The closed vocabulary of technical text: DICOM's own words, and those of radiography and of its machines' makers."""

import re
from collections.abc import Callable
from functools import lru_cache

from pydicom._dicom_dict import DicomDictionary
from pydicom.sr.codedict import codes

from components.deidentify._words import DESCRIPTOR_WORDS, DICOM_TERMS, SURNAMES_OF_CONCEPTS, VENDOR_WORDS

_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_PLAIN = re.compile(r"[\w\s.,:;/+\-()\[\]%#=*<>&\"']*", re.ASCII)
_CODE = re.compile(r"[A-Z0-9_ .\-/+*%&()\[\]{}'#:]*", re.IGNORECASE)
_LETTERS = re.compile(r"[A-Za-z]+")
# Six digits and more, also grouped: a telephone, a date, a record number; but no decimal fraction.
_LONG_NUMBER = re.compile(
    r"(?<![\d.])(?!\d{1,5}\.\d{1,5}(?![\d.]))\d(?:[-/. ()]{0,2}\d){5,}|(?<![\d.])\d{1,2}([-/.])\d{1,2}\1\d{2}(?!\d)"
)
_SEVEN_DIGITS = re.compile(r"\d{7}")
_LONGEST_WORD_OF_ANYBODY = 2
_LONGEST_ACRONYM = 3


@lru_cache(maxsize=1)
def technical_words() -> frozenset[str]:
    """Lower-case words of DICOM's concepts and attribute names, of techniques, and of makers."""
    keys = (*codes.SCT.dir(), *codes.DCM.dir())
    concepts = {word.lower() for key in keys for word in _CAMEL.findall(key)}
    names = {word.lower() for entry in DicomDictionary.values() for word in _LETTERS.findall(entry[2])}
    return frozenset(concepts | names | DICOM_TERMS | VENDOR_WORDS | DESCRIPTOR_WORDS) - SURNAMES_OF_CONCEPTS


def is_technical(text: str) -> bool:
    """Whether every word of three or more letters is of the vocabulary, and no number is a long one."""
    return _holds_only(text, _PLAIN, _LONGEST_WORD_OF_ANYBODY) and not has_long_number(text)


def is_term(text: str) -> bool:
    """Whether a CS value is a term: a code's characters, words of the vocabulary or acronyms, no long number.

    Makers write numbers of six digits into Image Type.
    """
    return is_code(text) and _SEVEN_DIGITS.search(text) is None


def is_code(text: str) -> bool:
    """Whether a code value or a scheme's name is one: a code's characters, words of the vocabulary or acronyms."""
    return _holds_only(text, _CODE, _LONGEST_ACRONYM)


def has_long_number(text: str) -> bool:
    """Whether six digits or more stand together, or parted as people part them, or a day of five."""
    return _LONG_NUMBER.search(text) is not None


def without_long_numbers(text: str) -> str:
    """The text with a blank in place of each."""
    return _LONG_NUMBER.sub(" ", text)


def only(fits: Callable[[str], bool], text: str) -> str | None:
    """The values (parted by backslashes) that fit, an empty one in place of each other; None where none is left."""
    if "\\" not in text:
        return text if fits(text) else None
    kept = [value if fits(value) else "" for value in text.split("\\")]
    return "\\".join(kept) if any(kept) else None


def _holds_only(text: str, characters: re.Pattern[str], free: int) -> bool:
    if characters.fullmatch(text) is None:
        return False
    return all(len(word) <= free or word.lower() in technical_words() for word in _LETTERS.findall(text))

"""Descriptions of studies and series: only words of a closed vocabulary stay."""

import re

from components.deidentify._vocabulary import without_long_numbers
from components.deidentify._words import DESCRIPTOR_WORDS

_WORD = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_NUMBER = 3
_GREAT_AGE = re.compile(r"\b(?:9\d|1[0-4]\d)\s?-?(?:y|f\b|m\b)", re.IGNORECASE)


def clean_description(text: str) -> str:
    """The words of the vocabulary (and numbers up to 999 beside them) in their order; empty where there is none.

    "XR CHEST AP PORTABLE for Douglas Davidson" becomes "XR CHEST AP PORTABLE"; "CHEST (PA/LAT)" stays as it is.
    """
    words = _WORD.findall(text)
    kept = [word for word in _WORD.findall(without_long_numbers(_GREAT_AGE.sub(" ", text))) if _is_safe(word)]
    if not any(word.isalpha() for word in kept):
        return ""
    return text.strip() if kept == words and text.isascii() else " ".join(kept)


def _is_safe(word: str) -> bool:
    return len(word) <= _LONGEST_NUMBER if word.isdigit() else word.casefold() in DESCRIPTOR_WORDS

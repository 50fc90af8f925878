"""Descriptions of studies and series: only words of a closed vocabulary stay."""

import re

from components.deidentify._words import DESCRIPTOR_WORDS

_WORD = re.compile(r"[^\W\d_]+|\d+|[^\w\s]+|_+")
_LONGEST_NUMBER = 2
_TECHNICAL = re.compile(r"[\w\s.,:;/+\-()\[\]%#=*<>^\\]*", re.ASCII)


def clean_description(text: str) -> str:
    """The words of the vocabulary (and numbers up to 99 beside them) in their order; empty where there is none.

    "XR CHEST AP PORTABLE for Douglas Davidson" becomes "XR CHEST AP PORTABLE".
    """
    kept = [token for token in _WORD.findall(text) if _is_safe(token)]
    return " ".join(kept) if any(token.isalpha() for token in kept) else ""


def is_technical(text: str) -> bool:
    """Whether every word of three or more letters is of the vocabulary."""
    words = re.findall(r"[^\W\d_]{3,}", text)
    return _TECHNICAL.fullmatch(text) is not None and all(word.casefold() in DESCRIPTOR_WORDS for word in words)


def _is_safe(token: str) -> bool:
    if token.isdigit():
        return len(token) <= _LONGEST_NUMBER
    return token.casefold() in DESCRIPTOR_WORDS

"""Keyed pseudonyms: the same original and key give the same pseudonym, on any machine, at any time."""

import hashlib
import hmac
import uuid
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from components.deidentify._keys import KEY_BYTES, subkey

_DIGITS = 16
_MARK_BYTES = 8
_Form = Callable[[bytes], str]


@dataclass(frozen=True)
class Generation:
    """A key that was rotated out, for as long as pseudonyms that it gave are in use, and which those are.

    `marks` are sorted 64-bit digests of the pseudonyms: eight bytes each, so that a worker's copy stays small. A
    chance hit only means that one more pseudonym is made with this key, the same one for ever.
    """

    secret: bytes = field(repr=False)
    marks: "array[int]" = field(repr=False)

    @classmethod
    def of(cls, key: bytes, pseudonyms: Iterable[str]) -> Self:
        """The generation of a key, with what it is still needed for."""
        return cls(subkey(key, "pseudonyms"), array("Q", sorted({_mark(pseudonym) for pseudonym in pseudonyms})))

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """The inverse of `to_bytes`."""
        marks = array("Q")
        marks.frombytes(content[KEY_BYTES:])
        return cls(content[:KEY_BYTES], marks)

    def to_bytes(self) -> bytes:
        """As it is kept, sealed, in the crosswalk."""
        return self.secret + self.marks.tobytes()

    def knows(self, pseudonym: str) -> bool:
        """Whether the pseudonym was in use when the key was rotated out."""
        mark = _mark(pseudonym)
        place = bisect_left(self.marks, mark)
        return place < len(self.marks) and self.marks[place] == mark


class Pseudonymiser:
    """Pseudonyms by HMAC-SHA256; without the key nobody can tell whose they are, or test a guess.

    What an earlier key gave a pseudonym keeps it, and its date shift; everything else gets one by the present key.
    """

    def __init__(self, key: bytes, *, max_shift_days: int, earlier: Sequence[Generation] = ()) -> None:
        self._secret = subkey(key, "pseudonyms")
        self._max_shift_days = max_shift_days
        self._earlier = tuple(earlier)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(key=<secret>, max_shift_days={self._max_shift_days})"

    def patient(self, patient_id: str) -> str:
        """P and 16 hexadecimal digits, from a Patient ID."""
        return self._given(_P, "patient", patient_id.strip(), "")

    def accession(self, accession: str) -> str:
        """A and 15 hexadecimal digits: 16 characters, as many as the DICOM attribute holds."""
        return self._given(_A, "accession", accession.strip())

    def report(self, report_id: str) -> str:
        """T and 16 hexadecimal digits."""
        return self._given(_T, "report", report_id.strip())

    def version(self, *content: str) -> str:
        """V and 32 hexadecimal digits that tell one version of a report from another without holding it."""
        return self._given(_V, "version", *content)

    def person(self, name: str) -> str:
        """R and 16 hexadecimal digits for a member of staff, whatever the case their name is written in."""
        return self._given(_R, "person", " ".join(name.split()).casefold())

    def uid(self, uid: str) -> str:
        """A UID under 2.25 (DICOM PS3.5 B.2), from a Study, Series, SOP Instance or any other UID."""
        return self._given(_uid, "uid", uid.strip("\0 "))

    def shift_days(self, patient: str) -> int:
        """By how many days (at least 1) all dates of the patient with this pseudonym go back."""
        secret = next((one.secret for one in self._earlier if one.knows(patient)), self._secret)
        digest = _digest(secret, "shift", patient)
        return 1 + int.from_bytes(digest[:8], "big") % self._max_shift_days

    def _given(self, form: _Form, kind: str, *parts: str) -> str:
        for generation in self._earlier:
            pseudonym = form(_digest(generation.secret, kind, *parts))
            if generation.knows(pseudonym):
                return pseudonym
        return form(_digest(self._secret, kind, *parts))


def _digest(secret: bytes, kind: str, *parts: str) -> bytes:
    return hmac.digest(secret, "\0".join((kind, *parts)).encode(), "sha256")


def _mark(pseudonym: str) -> int:
    return int.from_bytes(hashlib.blake2b(pseudonym.encode(), digest_size=_MARK_BYTES).digest(), "big")


def _lettered(letter: str, digits: int) -> _Form:
    return lambda digest: letter + digest.hex()[:digits]


def _uid(digest: bytes) -> str:
    return f"2.25.{uuid.UUID(bytes=digest[:16], version=4).int}"


_P, _T, _R = (_lettered(letter, _DIGITS) for letter in "PTR")
_A, _V = _lettered("A", _DIGITS - 1), _lettered("V", 2 * _DIGITS)

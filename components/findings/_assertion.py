"""What a report or a reader says about one observation."""

from enum import StrEnum
from typing import Self


class Assertion(StrEnum):
    """One author's statement on one observation of one study.

    The codes are those of the CheXpert label files (Irvin et al. 2019): 1, 0, -1 and an empty cell.
    """

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"
    UNMENTIONED = "unmentioned"

    @property
    def code(self) -> int | None:
        """1 present, 0 absent, -1 uncertain, None unmentioned."""
        return _CODES[self]

    @classmethod
    def from_code(cls, code: int | None) -> Self:
        """The assertion that a CheXpert code stands for; ValueError for any other number."""
        for assertion, known in _CODES.items():
            if code == known:
                return cls(assertion)
        raise ValueError(f"The label code must be 1, 0, -1 or None. Got {code!r} instead.")


_CODES: dict[Assertion, int | None] = {
    Assertion.PRESENT: 1,
    Assertion.ABSENT: 0,
    Assertion.UNCERTAIN: -1,
    Assertion.UNMENTIONED: None,
}

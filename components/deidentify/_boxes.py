"""Rectangles of a picture, in its pixels."""

from collections.abc import Iterable
from typing import NamedTuple


class Box(NamedTuple):
    """Rows top..bottom and columns left..right of a picture, the last of each not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def area(self) -> int:
        """How many pixels it covers."""
        return (self.bottom - self.top) * (self.right - self.left)

    @property
    def slices(self) -> tuple[slice, slice]:
        """The rectangle as an index into [rows, columns]."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def grown(self, by: int, shape: tuple[int, int]) -> "Box":
        """Larger by so many pixels on every side, within a picture of [rows, columns]."""
        return Box(
            max(self.top - by, 0),
            max(self.left - by, 0),
            min(self.bottom + by, shape[0]),
            min(self.right + by, shape[1]),
        )

    def meets(self, other: "Box") -> bool:
        """Whether the two share a pixel."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def joined(self, other: "Box") -> "Box":
        """The smallest rectangle around both."""
        return Box(
            min(self.top, other.top),
            min(self.left, other.left),
            max(self.bottom, other.bottom),
            max(self.right, other.right),
        )


def merged(boxes: Iterable[Box]) -> list[Box]:
    """The rectangles, those that meet made one, until none meets another."""
    apart: list[Box] = []
    for box in boxes:
        grown, rest = box, apart
        while True:
            meeting = [other for other in rest if other.meets(grown)]
            if not meeting:
                break
            rest = [other for other in rest if not other.meets(grown)]
            for other in meeting:
                grown = grown.joined(other)
        apart = [*rest, grown]
    return apart

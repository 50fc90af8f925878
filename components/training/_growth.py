"""Pictures that grow while a network learns: many cheap steps on small ones first, the last steps on whole ones."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from typing import Self

from components.settings import TrainingSettings

_STRIDE = 32  # by so much the networks shrink a picture: sides are multiples of it


@dataclass(frozen=True)
class Growth:
    """The sides at which pictures are shown, in pixels, and for each the step at which it ends."""

    sides: tuple[int, ...]
    ends: tuple[float, ...]

    @classmethod
    def of(cls, settings: TrainingSettings, whole: int, steps: int) -> Self:
        """From `settings.smallest` of the whole side up to it; all sides take about as much computing.

        A step costs as its pictures' area, so each side gets a share of the steps that falls with its area (progressive
        resizing as in DAWNBench's fastest entries; Tan and Le, "EfficientNetV2", 2021).
        """
        if settings.smallest == 1:
            return cls((whole,), (steps,))
        first = max(_STRIDE, round(settings.smallest * whole / _STRIDE) * _STRIDE)
        sides = (*range(first, whole, _STRIDE), whole)
        shares = [1 / side**2 for side in sides]
        return cls(sides, tuple(end / sum(shares) * steps for end in accumulate(shares)))

    def at(self, step: int) -> int:
        """The side in one step, counted from 0."""
        return self.sides[min(bisect_right(self.ends, step), len(self.sides) - 1)]

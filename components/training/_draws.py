"""Randomness that needs no memory: every draw of a training follows from the numbers that name it."""

from enum import IntEnum

import numpy as np
import torch


class Purpose(IntEnum):
    """What is drawn for."""

    ORDER = 0
    STEP = 1
    VALIDATION = 2


def seed_of(*key: int) -> int:
    """A seed below 2⁶³ for a row of numbers, none negative; other numbers give one that has nothing to do with it."""
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0] >> np.uint64(1))


def generator(*key: int) -> torch.Generator:
    """What draws for this row of numbers, on the CPU: every device gets the same draws."""
    return torch.Generator().manual_seed(seed_of(*key))

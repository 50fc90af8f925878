"""Random streams that depend on what they are for, not on the order of the calls."""

from collections.abc import Sequence
from hashlib import sha256
from typing import TypeVar

import numpy as np

T = TypeVar("T")


def stream(*key: object) -> np.random.Generator:
    """The generator that belongs to `key` (seed, site, patient, purpose …): same key, same numbers."""
    digest = sha256("\x1f".join(str(part) for part in key).encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "big")))


def pick(rng: np.random.Generator, choices: Sequence[T]) -> T:
    """One of `choices`, each as likely."""
    return choices[int(rng.integers(len(choices)))]


def weighted(rng: np.random.Generator, choices: Sequence[tuple[T, float]]) -> T:
    """One of the (value, weight) `choices`."""
    at = rng.random() * sum(weight for _, weight in choices)
    for value, weight in choices:
        at -= weight
        if at < 0:
            return value
    return choices[-1][0]


def happens(rng: np.random.Generator, probability: float) -> bool:
    """True with the given probability."""
    return bool(rng.random() < probability)

"""Which patient lies on which side of the split: by patient, stratified over all labels, sticky."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components.catalog import Side
from components.settings import SplitSettings

_SIDES = (Side.TRAIN, Side.VALIDATION, Side.TEST)
_PRESENT = 1
_MOST_MOVES = 300
_CLOSE = 0.005  # a share this close to what was asked (relative), or within one study, is left as it is


def assign_sides(
    labels: NDArray[np.int8] | NDArray[np.bool_],
    patients: Sequence[str] | NDArray[np.str_],
    *,
    settings: SplitSettings,
    seed: int,
    fixed: Mapping[str, Side],
) -> dict[str, Side]:
    """A side for every patient, so that each side holds its share of every label's positive studies.

    Iterative stratification (Sechidis, Tsoumakas, Vlahavas 2011) with patients in place of single rows: the label
    with the fewest positive studies still to place comes first, and each of its patients goes where that label is
    missed most. Patients in `fixed` keep their side, and what they bring counts, so that the shares hold with the
    new ones.

    Args:
        labels: [N, L], one row a study; 1 (or True) is positive, everything else is not.
        patients: [N], the pseudonym of each study's patient.
        settings: shares of validation and test; the rest is for training.
        seed: the same seed, labels and patients in any order give the same sides.
        fixed: sides that patients already have; those without a study here are left out.

    Returns:
        Patient → side, for every patient of `patients`.
    """
    names, owner = np.unique(np.asarray(patients, dtype=np.str_), return_inverse=True)
    if names.size == 0:
        return {}
    counts = _counts(np.asarray(labels) == _PRESENT, owner, names.size)
    known = np.array([_SIDES.index(fixed[name]) if name in fixed else -1 for name in names.tolist()])
    shares = np.array([1 - settings.validation - settings.test, settings.validation, settings.test])
    wanted = shares[:, np.newaxis] * counts.sum(axis=0)
    for side in range(len(_SIDES)):
        wanted[side] -= counts[known == side].sum(axis=0)
    order = np.random.default_rng(seed).permutation(names.size)
    placed = _place(counts, known, wanted, order.tolist())
    chosen = _even_out(counts, placed, free=known < 0, shares=shares)
    return {name: _SIDES[side] for name, side in zip(names.tolist(), chosen.tolist(), strict=True)}


def _counts(positive: NDArray[np.bool_], owner: NDArray[np.intp], patients: int) -> NDArray[np.int64]:
    """Positive studies of each patient and label, and in the last column all studies: int64 [P, L + 1]."""
    columns = [np.bincount(owner, weights=positive[:, label], minlength=patients) for label in range(positive.shape[1])]
    columns.append(np.bincount(owner, minlength=patients).astype(np.float64))
    return np.stack(columns, axis=1).astype(np.int64)


def _place(
    counts: NDArray[np.int64], known: NDArray[np.int_], wanted: NDArray[np.float64], order: list[int]
) -> list[int]:
    """The side of each patient; `wanted` [sides, L + 1] is what each side still misses.

    Plain lists: a Python loop over 30,000 patients is several times faster with them than with array rows.
    """
    sides: list[int] = known.tolist()
    missing = wanted.tolist()
    held = [[(column, number) for column, number in enumerate(row) if number] for row in counts.tolist()]
    every = counts.shape[1] - 1
    while (column := _rarest(counts[np.array(sides) < 0])) is not None:
        waiting = [patient for patient in order if sides[patient] < 0 and counts[patient, column]]
        # Patients with many studies first: the single ones after them even the shares out.
        for patient in sorted(waiting, key=lambda patient: -held[patient][-1][1]):
            needs = [(row[column], row[every]) for row in missing]
            sides[patient] = chosen = needs.index(max(needs))
            for other, number in held[patient]:
                missing[chosen][other] -= number
    return sides


def _rarest(waiting: NDArray[np.int64]) -> int | None:
    """The label with the fewest positive studies still to place; last the column of all studies; None at the end."""
    left = waiting.sum(axis=0)
    if left[-1] == 0:
        return None
    present = np.flatnonzero(left[:-1])
    return int(present[left[present].argmin()]) if present.size else left.size - 1


def _even_out(
    counts: NDArray[np.int64], sides: list[int], *, free: NDArray[np.bool_], shares: NDArray[np.float64]
) -> NDArray[np.int_]:
    """The sides after moving free patients, always the one that helps most, by the squared errors over the counts.

    Where many labels are common, Sechidis' order leaves little choice for the last of them.
    """
    chosen = np.array(sides)
    held = counts.astype(np.float64)
    asked = shares[:, np.newaxis] * held.sum(axis=0)
    per_error = 1 / np.maximum(asked, 1)
    there = np.stack([held[chosen == side].sum(axis=0) for side in range(len(shares))])
    everyone = np.arange(len(chosen))
    for _ in range(_MOST_MOVES):
        missing = asked - there
        if (np.abs(missing) <= np.maximum(1, _CLOSE * asked)).all():
            break
        slope, bend = held @ (2 * per_error * missing).T, held**2 @ per_error.T
        change = (slope + bend)[everyone, chosen][:, np.newaxis] - slope + bend
        change[everyone, chosen] = np.inf
        change[~free] = np.inf
        patient, side = np.unravel_index(change.argmin(), change.shape)
        if change[patient, side] >= 0:
            break
        there[chosen[patient]] -= held[patient]
        there[side] += held[patient]
        chosen[patient] = side
    return chosen

"""What is wrong with an invented patient on one day: the truth behind a study, and where it sits in the chest."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

from components.findings import FINDINGS, PARENTS, Finding
from components.simulator._chance import happens, stream

CHRONIC = frozenset(
    {
        Finding.CARDIOMEGALY,
        Finding.ENLARGED_CARDIOMEDIASTINUM,
        Finding.PLEURAL_OTHER,
        Finding.FRACTURE,
        Finding.SUPPORT_DEVICES,
        Finding.LUNG_LESION,
    }
)
_STAYS = {True: 0.7, False: 0.35}

_HIDES = frozenset({Finding.LUNG_LESION, Finding.PNEUMONIA})
_SMALL, _DEEP, _LOW = 0.35, 0.60, 0.40  # extent of an effusion; depth and level of a shadow

_COMPANIONS: Mapping[Finding, Mapping[Finding, float]] = MappingProxyType(
    {
        Finding.CARDIOMEGALY: {Finding.EDEMA: 2.0, Finding.PLEURAL_EFFUSION: 1.5, Finding.SUPPORT_DEVICES: 1.5},
        Finding.EDEMA: {Finding.PLEURAL_EFFUSION: 1.6},
        Finding.PNEUMOTHORAX: {Finding.FRACTURE: 1.6, Finding.SUPPORT_DEVICES: 1.5},
    }
)
"""Finding → how much likelier others become beside it."""


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a finding sits and how big it is, shared by text and picture.

    side: -1 the patient's right (left in the picture), +1 the patient's left; level: 0 apex … 1 base;
    depth: 0 front … 1 back; extent and strength: 0 small … 1 large; both: on both sides.
    """

    side: int
    level: float
    depth: float
    extent: float
    strength: float
    both: bool
    seed: int


@dataclass(frozen=True, kw_only=True)
class Disease:
    """The findings drawn in a study (`drawn`, with places) and its 14 labels."""

    drawn: Mapping[Finding, Place] = field(default_factory=dict)

    @property
    def labels(self) -> dict[Finding, int]:
        """1 or 0 for each of the 14, parents implied by children, no_finding where only devices are seen."""
        present = set(self.drawn)
        for finding in self.drawn:
            parent = PARENTS.get(finding)
            while parent is not None:
                present.add(parent)
                parent = PARENTS.get(parent)
        if not present - {Finding.SUPPORT_DEVICES}:
            present.add(Finding.NO_FINDING)
        return {finding: int(finding in present) for finding in FINDINGS}


def nodules(place: Place) -> int:
    """How many lesions there are, 1 to 4."""
    return 1 + int(place.strength * 3.99)


def lesion_radius(place: Place) -> float:
    """The largest lesion's radius in body units."""
    return 0.11 + 0.06 * place.extent


def upper_lobe(place: Place) -> bool:
    """Whether a consolidated lobe is an upper one."""
    return place.level < 0.45  # noqa: PLR2004


def clavicle_broken(place: Place) -> bool:
    """Whether a fracture is of the clavicle, not of ribs."""
    return place.depth < 0.30  # noqa: PLR2004


def hidden_from_front(finding: Finding, place: Place) -> bool:
    """Whether only the lateral view can show it: a small effusion behind the dome, a shadow behind heart and dome."""
    if finding is Finding.PLEURAL_EFFUSION:
        return not place.both and place.extent < _SMALL
    return finding in _HIDES and place.depth > _DEEP and place.level > _LOW


def draw_disease(rates: Mapping[Finding, float], *, healthy: float, before: Disease | None, key: str) -> Disease:
    """A patient's findings on one day: some stay from the study before, others are new at the site's `rates`."""
    rng = stream(key, "disease")
    drawn: dict[Finding, Place] = {}
    if before is not None:
        for finding, place in before.drawn.items():
            if happens(rng, _STAYS[finding in CHRONIC]):
                drawn[finding] = place
    if happens(rng, healthy):
        return Disease(drawn=drawn)
    weight = {finding: 1.0 for finding in rates}
    for finding, rate in rates.items():
        if finding not in drawn and happens(rng, min(0.9, rate * weight[finding] / (1 - healthy))):
            drawn[finding] = _place(rng)
        if finding in drawn:
            for other, factor in _COMPANIONS.get(finding, {}).items():
                weight[other] *= factor
    return Disease(drawn=drawn)


def _place(rng: np.random.Generator) -> Place:
    level, depth, extent, strength = (float(value) for value in rng.random(4))
    return Place(
        side=-1 if happens(rng, 0.55) else 1,
        level=level,
        depth=depth,
        extent=extent,
        strength=strength,
        both=happens(rng, 0.25),
        seed=int(rng.integers(2**31)),
    )

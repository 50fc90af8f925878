"""The pointing game (Zhang et al. 2016): is the hottest place where people saw the finding?"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.catalog import Box
from components.evaluation._gradcam import grad_cams
from components.evaluation._interval import Interval
from components.evaluation._proportion import share_interval
from components.findings import FINDINGS, Finding
from components.settings import GateSettings

if TYPE_CHECKING:
    from components.catalog import Side
    from components.datasets import Snapshot
    from components.models import StudyNet

TOLERANCE = 15 / 224
"""How far from the box the hottest place may lie, in shares of the picture's side: 15 pixels of 224, as is usual."""

_EVERY = "All findings"
_CELLS = 56  # a side, on which the share of the picture that would count is measured
_AT_ONCE = 8


@dataclass(frozen=True, kw_only=True)
class PointingRate:
    """How often the hottest place lay in a box of the finding.

    n: pictures with a box of it. chance: the rate of a place drawn at random. judged: False where n is too few.
    """

    label: str
    n: int
    hits: int
    rate: float
    rate_ci: Interval
    chance: float
    judged: bool


def pointing_game(
    model: "StudyNet",
    snapshot: "Snapshot",
    side: "Side",
    boxes: Mapping[str, Sequence[Box]],
    *,
    settings: GateSettings,
) -> tuple[PointingRate, ...]:
    """One side's frontal pictures with boxes: a rate for each finding that has any, then for all together.

    Args:
        model: in eval mode; a study with a lateral picture is explained as it is judged, by both views.
        snapshot: whose pictures are looked at.
        side: usually the locked one.
        boxes: image → boxes in shares of the snapshot's square pictures.
        settings: alpha of the intervals, and the least number of pictures that is judged.
    """
    cases = snapshot.cases(side)
    cases = cases[cases["image"].isin(list(boxes))]
    rounds = pd.DataFrame(_rounds(model, snapshot, cases, boxes), columns=["label", "patient", "hit", "chance"])
    return pointing_rates(rounds, settings=settings)


def pointing_rates(rounds: pd.DataFrame, *, settings: GateSettings) -> tuple[PointingRate, ...]:
    """The rates of single rounds, one row each: label, patient, hit (bool), chance (0..1); empty without rounds.

    Intervals are Wilson's, widened where a patient has several pictures.

    References:
        Zhang, Lin, Brandt, Shen, Sclaroff. Top-down neural attention by excitation backprop. ECCV 2016.
    """
    if rounds.empty:
        return ()
    order = [finding.value for finding in FINDINGS if finding.value in set(rounds["label"])]
    of_findings = [_rate(label, rounds[rounds["label"] == label], settings) for label in order]
    return (*of_findings, _rate(_EVERY, rounds, settings))


def hits_box(heat: NDArray[np.float32], boxes: Sequence[Box]) -> bool:
    """Whether the hottest place lies in one of the boxes or within TOLERANCE of it; no place is hot in an empty map.

    Args:
        heat: float32 [H, W], 0..1. boxes: in shares of the same picture.
    """
    if not heat.any():
        return False
    row, column = np.unravel_index(int(heat.argmax()), heat.shape)
    across, down = (column + 0.5) / heat.shape[1], (row + 0.5) / heat.shape[0]
    return bool(_near(np.array([across]), np.array([down]), boxes)[0])


def chance_of(boxes: Sequence[Box]) -> float:
    """The share of the picture that counts as a hit: how often a place drawn at random would be one."""
    centres = (np.arange(_CELLS) + 0.5) / _CELLS
    across, down = np.meshgrid(centres, centres)
    return float(_near(across.ravel(), down.ravel(), boxes).mean())


def _rounds(
    model: "StudyNet", snapshot: "Snapshot", cases: pd.DataFrame, boxes: Mapping[str, Sequence[Box]]
) -> Iterator[tuple[str, str, bool, float]]:
    """One round a picture and finding that has a box there."""
    paired = (cases["lateral"] >= 0) & (model.duo is not None)
    for group, together in ((cases[~paired], False), (cases[paired], True)):
        for start in range(0, len(group), _AT_ONCE):
            batch = group.iloc[start : start + _AT_ONCE]
            drawn = [_by_finding(boxes[image]) for image in batch["image"]]
            findings = sorted(set().union(*drawn), key=FINDINGS.index)
            lateral = snapshot.pixels[batch["lateral"].to_numpy()] if together else None
            heat = grad_cams(model, snapshot.pixels[batch["row"].to_numpy()], findings, lateral=lateral).frontal
            for maps, of_findings, patient in zip(heat, drawn, batch["patient"], strict=True):
                for finding, of_finding in of_findings.items():
                    hit = hits_box(maps[findings.index(finding)], of_finding)
                    yield finding.value, patient, hit, chance_of(of_finding)


def _by_finding(boxes: Sequence[Box]) -> dict[Finding, list[Box]]:
    drawn = dict.fromkeys(box.finding for box in boxes)
    return {finding: [box for box in boxes if box.finding is finding] for finding in drawn}


def _near(across: NDArray[np.float64], down: NDArray[np.float64], boxes: Sequence[Box]) -> NDArray[np.bool_]:
    """Bool [N]: which places lie within TOLERANCE of a box."""
    near = np.zeros(across.shape, dtype=bool)
    for box in boxes:
        beside = np.maximum(np.maximum(box.x - across, across - box.x - box.width), 0)
        above = np.maximum(np.maximum(box.y - down, down - box.y - box.height), 0)
        near |= np.hypot(beside, above) <= TOLERANCE
    return near


def _rate(label: str, rounds: pd.DataFrame, settings: GateSettings) -> PointingRate:
    hits = rounds["hit"].to_numpy(dtype=bool)
    return PointingRate(
        label=label,
        n=len(rounds),
        hits=int(hits.sum()),
        rate=float(hits.mean()),
        rate_ci=share_interval(hits, pd.factorize(rounds["patient"])[0], settings.alpha),
        chance=float(rounds["chance"].mean()),
        judged=len(rounds) >= settings.min_positives,
    )

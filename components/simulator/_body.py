"""The patient's build: what stays the same from study to study, in body coordinates."""

from dataclasses import dataclass

import numpy as np

from components.simulator._chance import happens, stream


@dataclass(frozen=True, kw_only=True)
class Build:
    """One patient's anatomy. Lengths in body units (half the chest's height is about 0.85)."""

    half_width: float
    apex: float
    dome_right: float
    dome_left: float
    heart: float
    mediastinum: float
    knob: float
    thickness: float
    ribs: float
    rib_gap: float
    rib_start: float
    bend: float
    breasts: float
    seed: int


def build_of(key: str, *, female: bool) -> Build:
    """The build of the patient named by `key`."""
    rng = stream(key, "build")

    def around(middle: float, spread: float) -> float:
        return float(middle + spread * np.clip(rng.standard_normal(), -2, 2))

    dome = around(0.46, 0.03)
    return Build(
        half_width=around(0.72, 0.025),
        apex=around(-0.80, 0.02),
        dome_right=dome,
        dome_left=dome + abs(around(0.05, 0.015)),
        heart=around(1.0, 0.05),
        mediastinum=around(0.0, 0.010),
        knob=abs(around(0.05, 0.015)),
        thickness=around(1.0, 0.10),
        ribs=around(1.0, 0.2),
        rib_gap=around(0.165, 0.008),
        rib_start=float(rng.random()),
        bend=around(0.0, 0.02),
        breasts=abs(around(1.0, 0.4)) if female and happens(rng, 0.9) else 0.0,
        seed=int(rng.integers(2**31)),
    )

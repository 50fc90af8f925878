"""One drawn radiograph of one patient on one day."""

from collections.abc import Mapping

import numpy as np

from components.findings import Finding
from components.simulator._body import Build
from components.simulator._canvas import Canvas, Plane
from components.simulator._chance import happens
from components.simulator._devices import frontal_devices, lateral_devices, outside_wires
from components.simulator._disease import Place
from components.simulator._frontal import frontal_chest
from components.simulator._frontal_signs import fill_frontal, plan_frontal
from components.simulator._lateral import lateral_density
from components.simulator._look import Look, exposed, positioning_of

_AIR_CONTRAST = np.float32(0.68)
_METAL = np.float32(1.4)


def frontal_view(  # noqa: PLR0913  a patient, a machine and a moment
    build: Build,
    drawn: Mapping[Finding, Place],
    *,
    look: Look,
    antero_posterior: bool,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> Plane:
    """The PA or AP radiograph: float32 [rows, columns] 0..1, air dark."""
    canvas = Canvas(rows=shape[0], columns=shape[1], positioning=positioning_of(look, rng))
    plan = plan_frontal(drawn, magnification=look.magnified[antero_posterior])
    chest = frontal_chest(canvas, build, plan)
    fill_frontal(chest, drawn)
    lung = chest.air * (1 - np.float32(0.42) * chest.vessels)
    density = canvas.dense - _AIR_CONTRAST * chest.thickness * lung
    density += np.float32(0.02) * chest.air * canvas.texture(rng, 0.016)
    if place := drawn.get(Finding.SUPPORT_DEVICES):
        density += _METAL * frontal_devices(canvas, place)
    if antero_posterior and happens(rng, look.wires):
        density += _METAL * np.float32(0.6) * outside_wires(canvas, rng)
    return exposed(density, look, rng)


def lateral_view(
    build: Build,
    drawn: Mapping[Finding, Place],
    *,
    look: Look,
    shape: tuple[int, int],
    rng: np.random.Generator,
) -> Plane:
    """The lateral radiograph, the patient facing the picture's left: float32 [rows, columns] 0..1, air dark."""
    canvas = Canvas(rows=shape[0], columns=shape[1], positioning=positioning_of(look, rng))
    density = lateral_density(canvas, build, drawn)
    if place := drawn.get(Finding.SUPPORT_DEVICES):
        density += _METAL * lateral_devices(canvas, place)
    return exposed(density, look, rng)

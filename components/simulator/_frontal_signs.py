"""The findings as a frontal radiograph shows them."""

from collections.abc import Callable, Mapping

import numpy as np

from components.findings import Finding
from components.simulator._canvas import Plane, step
from components.simulator._disease import Place, clavicle_broken, lesion_radius, nodules, upper_lobe
from components.simulator._frontal import FrontalChest, FrontalPlan, half_width


def plan_frontal(drawn: Mapping[Finding, Place], *, magnification: float) -> FrontalPlan:
    """What the findings change in the anatomy itself: heart, mediastinum, diaphragm, bones."""
    plan = FrontalPlan(heart=magnification)
    if place := drawn.get(Finding.CARDIOMEGALY):
        plan.heart *= 1.38 + 0.30 * place.extent
    if place := drawn.get(Finding.ENLARGED_CARDIOMEDIASTINUM):
        plan.widening = 0.12 + 0.08 * place.extent
    if place := drawn.get(Finding.ATELECTASIS):
        lift = 0.12 + 0.10 * place.extent
        plan.lifted_right, plan.lifted_left = (lift, 0.0) if place.side < 0 else (0.0, lift)
    if place := drawn.get(Finding.FRACTURE):
        if clavicle_broken(place):
            plan.broken_clavicle = place.side
        else:
            first = -0.38 + 0.25 * place.level
            plan.broken_ribs = ((place.side, 0.47 + 0.08 * place.strength, first, first + 0.50 + 0.2 * place.extent),)
    return plan


def fill_frontal(chest: FrontalChest, drawn: Mapping[Finding, Place]) -> None:
    """Draws the findings into the lungs, pleura and bones of `chest`."""
    for finding, draw in _SIGNS.items():
        if finding in drawn:
            draw(chest, drawn[finding], np.random.default_rng(drawn[finding].seed))


def _sides(place: Place) -> tuple[int, ...]:
    return (-1, 1) if place.both else (place.side,)


def _dim(chest: FrontalChest, veil: Plane) -> None:
    """Less air where the veil (0..1) lies."""
    chest.air *= 1 - np.clip(veil, 0, 1)


def _opacity(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    canvas = chest.canvas
    mottled = 0.75 + 0.3 * canvas.texture(rng, 0.07)
    for side in _sides(place):
        x, y = chest.spot(side, 0.2 + 0.6 * place.level, 0.55)
        size = 0.22 + 0.08 * place.extent
        _dim(chest, (0.50 + 0.15 * place.strength) * canvas.blob(x, y, width=size, height=size * 1.25) * mottled)


def _lesion(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    for number in range(nodules(place)):
        side = place.side if number == 0 or not place.both else -place.side
        level = place.level if number == 0 else float(rng.random())
        x, y = chest.spot(side, 0.12 + 0.8 * level, float(rng.uniform(0.35, 0.75)))
        radius = lesion_radius(place) * float(rng.uniform(0.8, 1))
        ball = chest.canvas.ellipse(x, y, a=radius, b=radius * float(rng.uniform(0.85, 1.15)))
        round_shadow = np.sqrt(np.clip(1 - ball, 0, 1)) ** 0.7
        _dim(chest, 0.95 * round_shadow)
        chest.canvas.dense += 0.18 * round_shadow


def _edema(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    canvas = chest.canvas
    haze = np.zeros_like(chest.air)
    lines = []
    for side in (-1, 1):
        haze += canvas.blob(side * 0.30, -0.02, width=0.24, height=0.40)
        for _ in range(9):
            y = float(rng.uniform(0.02, 0.40))
            outer = chest.build.half_width - 0.01
            lines.append(([(side * outer, y), (side * (outer - 0.11), y - 0.008)], 0.010, 0.8))
    grain = 0.85 + 0.25 * canvas.texture(rng, 0.035)
    _dim(chest, (0.42 + 0.22 * place.strength) * haze * grain)
    chest.vessels = np.minimum(1.4, chest.vessels * 1.7)
    chest.vessels = np.maximum(chest.vessels, canvas.strokes(lines, soften=0.004) * 1.3)


def _bronchograms(chest: FrontalChest, rng: np.random.Generator, x: float, y: float, size: float) -> Plane:
    """Air-filled bronchi inside a dense part: dark branches pointing away from the hilum."""
    side = 1 if x > 0 else -1
    lines = []
    for _ in range(4):
        angle = np.deg2rad(float(rng.uniform(-40, 60)))
        start = (x - side * size * 0.6, y - size * 0.35 + float(rng.normal(0, 0.3 * size)))
        end = (start[0] + side * size * 1.3 * float(np.cos(angle)), start[1] + size * 1.3 * float(np.sin(angle)))
        lines.append(([start, end], 0.018, 0.9))
    return chest.canvas.strokes(lines, soften=0.006)


def _consolidation(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """A lobe: dense up to a straight fissure."""
    canvas, side = chest.canvas, place.side
    inside = step(canvas.x * np.float32(side) - 0.08, 0.06)
    slope = np.float32(0.12) * (np.abs(canvas.x) - np.float32(0.4))
    if upper_lobe(place):
        lobe = inside * step(-0.14 - slope - canvas.y, 0.03)
        x, y = chest.spot(side, 0.25)
    else:
        lobe = inside * step(canvas.y - 0.0 + slope, 0.03) * step(0.62 - 0.10 * place.strength - np.abs(canvas.x), 0.16)
        x, y = chest.spot(side, 0.8)
    branches = _bronchograms(chest, rng, x, y, 0.20)
    _dim(chest, (0.70 + 0.15 * place.strength) * lobe * (1 - 0.55 * branches))


def _pneumonia(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """A ragged dense patch, or several."""
    canvas = chest.canvas
    ragged = canvas.texture(rng, 0.06)
    for side in _sides(place):
        x, y = chest.spot(side, 0.35 + 0.6 * place.level, 0.5)
        size = 0.19 + 0.07 * place.extent
        body = 1.05 - np.sqrt(canvas.ellipse(x, y, a=size * 1.2, b=size)) + 0.16 * ragged
        branches = _bronchograms(chest, rng, x, y, size * 0.8)
        _dim(chest, (0.68 + 0.14 * place.strength) * step(body, 0.45) * (1 - 0.5 * branches))


def _atelectasis(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    lines = []
    for side in _sides(place):
        for number in range(3 + int(2 * place.strength)):
            x, y = side * 0.24, 0.30 - 0.105 * number + float(rng.normal(0, 0.01))
            length = 0.30 + 0.14 * float(rng.random())
            tilt = float(rng.uniform(-0.05, 0.07))
            far = (x + side * length, y + tilt)
            middle = (x + side * length / 2, y + tilt * 0.6 - 0.012)
            width = 0.040 + 0.018 * place.extent
            lines.append(([(x, y), middle, far], width * 0.5, 0.7))
            lines.append(([(x + side * 0.05, y), middle, (far[0] - side * 0.05, far[1])], width, 1.0))
    _dim(chest, 0.9 * chest.canvas.strokes(lines, soften=0.012))


def _pneumothorax(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """Black and empty between the chest wall and the lung's thin white edge, widest at the apex."""
    canvas, side = chest.canvas, place.side
    drop = 0.20 + 0.22 * place.extent
    inner = half_width(canvas.y, chest.build, apex=chest.build.apex + drop)
    edge = inner * np.float32(0.90 - 0.16 * place.extent) - np.abs(canvas.x) - 0.03
    same = step(canvas.x * np.float32(side) - 0.05, 0.04)
    empty = same * step(-edge, 0.012)
    chest.vessels *= 1 - empty
    chest.air = chest.air * (1 + 0.40 * empty) * (1 - 0.32 * same * (1 - empty))
    line = same * np.exp(-((edge / np.float32(0.012)) ** 2)) * step(chest.wall, 0.02) * step(chest.floor, 0.02)
    canvas.dense += 0.16 * line


def _effusion(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """A meniscus: level in the middle, climbing at the wall."""
    canvas = chest.canvas
    for side in _sides(place):
        level = 0.36 - 0.38 * place.extent + (0.08 if side != place.side else 0.0)
        rise = 0.20 * np.exp(-np.clip(chest.wall, 0, 1) / np.float32(0.10))
        same = step(canvas.x * np.float32(side) - 0.04, 0.05)
        _dim(chest, 0.94 * same * step(canvas.y - level + rise, 0.045))


def _pleural(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """A dense rind along the wall and over the apex, with chalky plaques."""
    canvas = chest.canvas
    uneven = np.float32(0.02) * canvas.texture(rng, 0.10)
    spots = []
    for side in _sides(place):
        same = step(canvas.x * np.float32(side) - 0.03, 0.04)
        cap = np.float32(0.12 + 0.07 * place.extent) * step(-0.40 - canvas.y, 0.30)
        rind = np.float32(0.085 + 0.05 * place.strength) + cap + uneven - chest.wall
        _dim(chest, 0.80 * same * step(rind, 0.03))
        for _ in range(7):
            x, y = chest.spot(side, float(rng.uniform(0.3, 0.95)), float(rng.uniform(0.78, 0.98)))
            spots.append((x, y, float(rng.uniform(0.015, 0.032)), float(rng.uniform(0.6, 1))))
    canvas.dense += 0.30 * canvas.discs(spots, soften=0.008)


def _fracture(chest: FrontalChest, place: Place, rng: np.random.Generator) -> None:
    """Callus and overlapping ends at the breaks (their displacement is part of the plan)."""
    lines, ends = [], []
    for side, at, first, last in chest.plan.broken_ribs:
        for y in np.arange(first + 0.03, last, chest.build.rib_gap).tolist():
            x = at + float(rng.normal(0, 0.012))
            inner = [(-0.20, -0.050), (-0.08, -0.015), (0.035, 0.0)]
            outer = [(-0.035, 0.075), (0.06, 0.10), (0.15, 0.16)]
            lines += [([(side * (x + right), y + down) for right, down in end], 0.05, 0.8) for end in (inner, outer)]
            ends.append((side * x, y + 0.035, 0.036, 1.0))
    if chest.plan.broken_clavicle:
        side = chest.plan.broken_clavicle
        lines.append(([(side * 0.35, -0.66), (side * 0.32, -0.57)], 0.085, 1.0))
    canvas = chest.canvas
    canvas.dense += 0.45 * np.maximum(canvas.strokes(lines, soften=0.010), canvas.discs(ends, soften=0.012))


_SIGNS: Mapping[Finding, Callable[[FrontalChest, Place, np.random.Generator], None]] = {
    Finding.EDEMA: _edema,
    Finding.LUNG_OPACITY: _opacity,
    Finding.CONSOLIDATION: _consolidation,
    Finding.PNEUMONIA: _pneumonia,
    Finding.LUNG_LESION: _lesion,
    Finding.ATELECTASIS: _atelectasis,
    Finding.PNEUMOTHORAX: _pneumothorax,
    Finding.PLEURAL_EFFUSION: _effusion,
    Finding.PLEURAL_OTHER: _pleural,
    Finding.FRACTURE: _fracture,
}

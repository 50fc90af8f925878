"""The frontal chest: anatomy drawn so that each finding can change its part before rays are summed."""

from dataclasses import dataclass

import numpy as np

from components.simulator._body import Build
from components.simulator._canvas import Canvas, Plane, Stroke, oval, rounded, step

_HILUM = (0.16, -0.10)
_LEVELS = (-0.62, 0.34)
_HEART_BESIDE = 0.55  # the level below which the heart takes the left lung's inner part


@dataclass(kw_only=True)
class FrontalPlan:
    """What findings may change before the chest is drawn (body units)."""

    heart: float
    widening: float = 0.0
    lifted_right: float = 0.0
    lifted_left: float = 0.0
    broken_ribs: tuple[tuple[int, float, float, float], ...] = ()  # side, |x| of the break, first y, last y
    broken_clavicle: int = 0


@dataclass(kw_only=True)
class FrontalChest:
    """A drawn chest in parts: `air` 0..1 (share of the ray's lung that holds air), edges, the density on its canvas."""

    canvas: Canvas
    build: Build
    plan: FrontalPlan
    air: Plane
    wall: Plane  # distance to the inner chest wall, positive inside
    floor: Plane  # distance to the diaphragm, positive above it
    vessels: Plane
    thickness: Plane

    def spot(self, side: int, level: float, reach: float = 0.5) -> tuple[float, float]:
        """A point in the lung of `side`: level 0 apex … 1 base, reach 0 at the hilum … 1 at the wall."""
        y = _LEVELS[0] + level * (_LEVELS[1] - _LEVELS[0])
        outer = self.build.half_width * (0.55 + 0.45 * min(1.0, level * 2.2))
        inner = 0.32 if side > 0 and level > _HEART_BESIDE else 0.18
        return side * (inner + (outer - 0.04 - inner) * reach), y


def frontal_chest(canvas: Canvas, build: Build, plan: FrontalPlan) -> FrontalChest:
    """The chest of `build` under `plan`, before findings fill or empty the lungs."""
    x, y = canvas.x, canvas.y
    across = np.abs(x)
    wall = half_width(y, build, apex=build.apex) - across
    floor = _diaphragm(x, build, plan) - y
    middle = x - np.float32(build.bend) * np.sin(y * 3)
    lung = step(wall, 0.02) * step(floor, 0.018)
    heart = _heart(canvas, build, plan)
    central = _mediastinum(middle, y, build, plan)
    air = lung * (1 - np.float32(0.93) * central) * (1 - np.float32(0.86) * heart)
    trunk = np.float32(0.25) + step(y + 0.77, 0.24) * np.float32(0.85)
    thickness = (
        step(trunk - across, 0.05)
        * (0.5 + 0.5 * np.sqrt(np.clip(1 - (x / np.float32(1.15)) ** 2, 0, 1)))
        * np.float32(build.thickness)
    )
    canvas.dense += thickness * (1 + 0.18 * step(0.02 - floor, 0.2))
    canvas.dense += 0.10 * heart + 0.08 * central * step(floor, 0.2)
    _bones(canvas, build, plan, middle=middle, wall=wall, floor=floor)
    _soft_parts(canvas, build, plan)
    return FrontalChest(
        canvas=canvas,
        build=build,
        plan=plan,
        air=air,
        wall=wall,
        floor=floor,
        vessels=_vessels(canvas, build),
        thickness=thickness,
    )


def half_width(y: Plane, build: Build, *, apex: float) -> Plane:
    """Half the width inside the chest at each height, closing at `apex`."""
    t = np.clip((np.float32(0.30) - y) / np.float32(0.30 - apex), 0, 1)
    width: Plane = np.float32(build.half_width) * np.sqrt(1 - t * t * (0.6 + 0.4 * t)) + np.clip(y, 0, 0.6) * 0.03
    return width


def _diaphragm(x: Plane, build: Build, plan: FrontalPlan) -> Plane:
    """Height (y) of the diaphragm's dome over each x."""
    across = np.abs(x) - np.float32(0.36)
    bowl = np.where(across > 0, 1.35, 0.65).astype(np.float32) * across**2
    top = np.where(x < 0, build.dome_right - plan.lifted_right, build.dome_left - plan.lifted_left)
    return top.astype(np.float32) + bowl


_HEART = (
    (-0.09, -0.16), (-0.15, -0.02), (-0.185, 0.14), (-0.175, 0.30), (-0.10, 0.44), (0.06, 0.50),
    (0.24, 0.50), (0.36, 0.46), (0.385, 0.37), (0.345, 0.23), (0.27, 0.10), (0.19, -0.02), (0.12, -0.16),
)  # fmt: skip
"""The silhouette of a heart of normal size: right atrium, apex, left ventricle."""


def _heart(canvas: Canvas, build: Build, plan: FrontalPlan) -> Plane:
    """The heart's shadow, 0..1, thinner towards its border."""
    size = build.heart * plan.heart
    outline = [(0.02 + (x - 0.02) * size, 0.46 + (y - 0.46) * (0.55 + 0.45 * size)) for x, y in _HEART]
    return canvas.areas([(rounded(outline, closed=True), 1.0)], soften=0.014)


def _mediastinum(middle: Plane, y: Plane, build: Build, plan: FrontalPlan) -> Plane:
    upper = np.exp(-(((y + np.float32(0.42)) / np.float32(0.30)) ** 2)) * np.float32(plan.widening)
    knob = np.exp(-(((y + np.float32(0.36)) / np.float32(0.085)) ** 2)) * np.float32(build.knob)
    bay = np.exp(-(((y + np.float32(0.16)) / np.float32(0.12)) ** 2)) * np.float32(0.025)
    width = np.float32(0.115 + build.mediastinum)
    left, right = width + knob + bay + upper, width + upper * np.float32(0.9)
    return step(left - middle, 0.03) * step(middle + right, 0.03)


def _bones(  # noqa: PLR0913  one chest and three distances in it
    canvas: Canvas, build: Build, plan: FrontalPlan, *, middle: Plane, wall: Plane, floor: Plane
) -> None:
    x, y = canvas.x, canvas.y
    across = np.abs(x)
    vertebrae = 0.80 + 0.20 * np.cos(y * np.float32(2 * np.pi / 0.145))
    canvas.dense += 0.20 * step(0.085 - np.abs(middle), 0.03) * vertebrae
    shift = np.zeros_like(x)
    for side, at, first, last in plan.broken_ribs:
        beyond = step(x * np.float32(side) - np.float32(at), 0.02)
        shift += beyond * step(y - first, 0.03) * step(last - y, 0.03) * np.float32(0.075)
    reach = across / np.float32(build.half_width)
    behind = y + shift - np.float32(0.24) * (reach - np.float32(0.35)) ** 2 * 1.6 + 0.02 * reach
    front = y + shift * 0.6 + np.float32(0.40) * reach - np.float32(0.12) * reach**2
    cage = step(wall + 0.05, 0.03) * step(floor + 0.10, 0.2) * step(across - 0.06, 0.06)
    canvas.dense += np.float32(0.15 * build.ribs) * cage * _bands(behind, build, 0.36)
    fading = cage * step(reach - np.float32(0.45), 0.3)
    canvas.dense += np.float32(0.08 * build.ribs) * fading * _bands(front + 0.06, build, 0.38)
    clavicles = [line for side in (-1, 1) for line in _clavicle(side, broken=plan.broken_clavicle == side)]
    canvas.dense += 0.20 * canvas.strokes(clavicles, soften=0.008)


def _bands(height: Plane, build: Build, share: float) -> Plane:
    """Ribs as bands of `height`: each covers `share` of the gap to the next, its edges brighter than its middle."""
    phase = height / np.float32(build.rib_gap) + np.float32(build.rib_start)
    from_middle = np.abs(phase - np.round(phase)) * 2
    body = step(share - from_middle, 0.16)
    rim = np.clip(1 - np.abs(from_middle - np.float32(share - 0.08)) * np.float32(1 / 0.16), 0, 1)
    bands: Plane = np.float32(0.65) * body + np.float32(0.45) * rim
    return bands


def _clavicle(side: int, *, broken: bool) -> list[Stroke]:
    points = [(0.07, -0.53), (0.20, -0.585), (0.36, -0.63), (0.50, -0.68), (0.70, -0.74)]
    if not broken:
        return [([(side * x, y) for x, y in points], 0.05, 1.0)]
    inner = [(side * x, y - 0.10 * (x - 0.07)) for x, y in points[:3]]
    outer = [(side * (x - 0.06), y + 0.10) for x, y in points[2:]]
    return [(inner, 0.055, 1.0), (outer, 0.055, 1.0)]


def _soft_parts(canvas: Canvas, build: Build, plan: FrontalPlan) -> None:
    """Trachea, hila, breasts, shoulder blades, the stomach's bubble."""
    x, y = canvas.x, canvas.y
    canvas.dense -= 0.13 * step(0.035 - np.abs(x), 0.02) * step(-0.24 - y, 0.10)
    shadows = []
    for side in (-1, 1):
        drop = -0.03 if side > 0 else 0.03
        canvas.dense += 0.16 * canvas.blob(side * _HILUM[0], _HILUM[1] + drop, width=0.065, height=0.13)
        if build.breasts:
            shadows.append((oval(side * 0.42, 0.26, a=0.32, b=0.30), min(1.0, 0.45 * build.breasts)))
        shadows.append((oval(side * 0.72, -0.42, a=0.15, b=0.29, tilt=side * 14), 0.35))
    canvas.dense += 0.20 * canvas.areas(shadows, soften=0.022)
    if build.seed % 3:
        bubble = oval(0.36, build.dome_left - plan.lifted_left + 0.13, a=0.14, b=0.065, tilt=-8)
        canvas.dense -= 0.25 * canvas.areas([(bubble, 1.0)], soften=0.014)


def _vessels(canvas: Canvas, build: Build) -> Plane:
    """The lungs' branching vessels, thick at the hilum, thin outwards: 0..1."""
    rng = np.random.default_rng(build.seed)
    lines: list[Stroke] = []
    for side in (-1, 1):
        angles = np.linspace(-70, 80, 8) + rng.normal(0, 6, 8)
        starts = np.tile([side * _HILUM[0], _HILUM[1] - side * 0.03], (8, 1))
        width = 0.022
        for _ in range(4):
            bent = np.deg2rad(angles + rng.normal(0, 10, len(angles)))
            lengths = 0.13 * rng.uniform(0.7, 1.3, len(angles))
            ends = starts + np.stack([side * np.cos(bent), np.sin(bent)], 1) * lengths[:, None]
            both = np.concatenate([starts, ends], 1).reshape(-1, 2, 2)
            lines += [(line, width, min(1.0, 0.25 + 26 * width)) for line in both.tolist()]
            turned = np.rad2deg(bent)[:, None] + np.array([-20.0, 16.0]) + rng.normal(0, 8, (len(angles), 2))
            starts, angles, width = np.repeat(ends, 2, axis=0), turned.ravel(), width * 0.68
    return canvas.strokes(lines, soften=0.006)

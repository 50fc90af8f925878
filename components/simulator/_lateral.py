"""The lateral chest, patient facing the picture's left, with the findings where they belong."""

from collections.abc import Callable, Mapping

import numpy as np

from components.findings import Finding
from components.simulator._body import Build
from components.simulator._canvas import Canvas, Plane, Stroke, rounded, step
from components.simulator._disease import Place, clavicle_broken, lesion_radius, upper_lobe

_FRONT, _BACK = -0.60, 0.62
_AIR_CONTRAST = np.float32(0.66)


class LateralChest:
    """The chest from the side in parts: air 0..1, distances to wall and diaphragm (positive inside)."""

    def __init__(self, canvas: Canvas, build: Build, drawn: Mapping[Finding, Place]) -> None:
        self.canvas, self.build = canvas, build
        x, y = canvas.x, canvas.y
        front, back = _outline(y, apex=build.apex)
        self.front, self.back = x - front, back - x
        self.wall = np.minimum(self.front, self.back)
        lift = 0.12 if Finding.ATELECTASIS in drawn else 0.0
        height = np.float32(0.36 - lift) + np.float32(0.40) * np.clip((x + 0.15) / 0.75, 0, 1) ** 1.8
        height += np.float32(0.30) * np.clip((-0.15 - x) / 0.45, 0, 1) ** 2
        self.floor = height - y
        self.air = step(self.wall, 0.03) * step(self.floor, 0.02)
        trunk = np.minimum(x + np.float32(0.72), np.float32(0.80) - x) + step(y + 0.4, 1.0) * 0.06
        shoulders = y + 0.98 - 0.85 * np.clip(np.abs(x - 0.10) - 0.22, 0, 1)
        neck = 0.22 - np.abs(x - 0.10)
        self.thickness = step(trunk, 0.05) * step(np.maximum(shoulders, neck), 0.12) * np.float32(build.thickness)
        self.vessels = _hilum(canvas, build)

    def spot(self, level: float, depth: float) -> tuple[float, float]:
        """A point in the lungs: level 0 apex … 1 base, depth 0 front … 1 back."""
        return -0.36 + 0.72 * depth, -0.50 + 0.80 * level

    def dim(self, veil: Plane) -> None:
        """Less air where the veil (0..1) lies; a one-sided finding dims half the ray's lung and a bit more."""
        self.air *= 1 - np.clip(veil, 0, 1)


def _outline(y: Plane, *, apex: float) -> tuple[Plane, Plane]:
    """x of the front and back of the inner chest wall at each height, meeting at `apex`."""
    t = np.clip((np.float32(0.10) - y) / np.float32(0.10 - apex), 0, 1)
    narrow = np.sqrt(1 - t * t)
    front = np.float32(0.12) + np.float32(_FRONT - 0.12) * narrow
    back = np.float32(0.12) + np.float32(_BACK - 0.12) * narrow + np.float32(0.03) * np.sin(y * 3)
    return front, back


def lateral_density(canvas: Canvas, build: Build, drawn: Mapping[Finding, Place]) -> Plane:
    """Summed density of the lateral view: float32 [rows, columns]."""
    chest = LateralChest(canvas, build, drawn)
    _anatomy(chest, drawn)
    for finding, draw in _SIGNS.items():
        if finding in drawn:
            draw(chest, drawn[finding], np.random.default_rng(drawn[finding].seed))
    lung = chest.air * (1 - np.float32(0.40) * chest.vessels)
    return canvas.dense - _AIR_CONTRAST * chest.thickness * lung


def _hilum(canvas: Canvas, build: Build) -> Plane:
    """Vessels of both lungs over each other: 0..1."""
    rng = np.random.default_rng(build.seed + 7)
    lines: list[Stroke] = []
    for outwards in np.linspace(0, 2 * np.pi, 18, endpoint=False) + rng.normal(0, 0.15, 18):
        start, width, angle = (0.06, -0.07), 0.020, float(outwards)
        for _ in range(4):
            angle += float(rng.normal(0, 0.25))
            length = 0.11 * float(rng.uniform(0.7, 1.3))
            end = (start[0] + length * float(np.cos(angle)), start[1] + length * float(np.sin(angle)))
            lines.append(([start, end], width, 0.25 + 18 * width))
            start, width = end, width * 0.72
    return canvas.strokes(lines, soften=0.008)


_HEART = (
    (-0.02, -0.20), (-0.22, -0.16), (-0.36, -0.04), (-0.45, 0.14), (-0.46, 0.30), (-0.34, 0.40),
    (-0.12, 0.42), (0.06, 0.36), (0.13, 0.20), (0.11, 0.02), (0.06, -0.12),
)  # fmt: skip
"""The silhouette of a heart of normal size: right ventricle in front, left chambers behind."""


def _heart(canvas: Canvas, build: Build, drawn: Mapping[Finding, Place]) -> Plane:
    """The heart's shadow, 0..1."""
    size = build.heart * 0.94
    if place := drawn.get(Finding.CARDIOMEGALY):
        size *= 1.34 + 0.20 * place.extent
    outline = [(-0.30 + (x + 0.30) * size, 0.40 + (y - 0.40) * (0.45 + 0.55 * size)) for x, y in _HEART]
    return canvas.areas([(rounded(outline, closed=True), 1.0)], soften=0.03)


def _anatomy(chest: LateralChest, drawn: Mapping[Finding, Place]) -> None:
    canvas, build = chest.canvas, chest.build
    x, y = canvas.x, canvas.y
    canvas.dense += chest.thickness * (0.90 + 0.18 * step(0.02 - chest.floor, 0.2) + 0.12 * step(-0.52 - y, 0.25))
    chest.air *= 1 - np.float32(0.82) * _heart(canvas, build, drawn)
    widening = 0.10 * (1 + place.extent) if (place := drawn.get(Finding.ENLARGED_CARDIOMEDIASTINUM)) else 0.0
    arch = step(1 - canvas.ellipse(-0.02 - widening, -0.34, a=0.17 + widening, b=0.22 + 0.3 * widening), 0.5)
    aorta = np.exp(-(((x - 0.26 - 0.18 * np.sin(y * 2 - 0.2)) / np.float32(0.07)) ** 2)) * step(y + 0.35, 0.2)
    chest.air *= 1 - np.clip(np.float32(0.35 + 2.2 * widening) * arch + np.float32(0.16) * aorta, 0, 0.95)
    canvas.dense += 0.10 * canvas.blob(0.08, -0.08, width=0.09, height=0.10)
    arms = canvas.ellipse(0.10, -0.98, a=0.34, b=0.36)
    canvas.dense += 0.16 * step(1 - arms, 0.5)
    spine = np.float32(0.46) + np.float32(0.06) * np.sin(y * 2.2) - x
    bodies = 0.75 + 0.25 * np.cos(y * np.float32(2 * np.pi / 0.155))
    canvas.dense += 0.20 * step(0.085 - np.abs(spine), 0.03) * bodies
    canvas.dense += 0.16 * np.exp(-((chest.front / np.float32(0.02)) ** 2)) * step(0.3 - y, 0.1)
    cage = step(chest.wall + 0.04, 0.04) * step(chest.floor + 0.1, 0.2)
    phase = (y + 0.50 * (x - 0.6)) / np.float32(build.rib_gap) + np.float32(build.rib_start)
    canvas.dense += 0.07 * cage * step(0.30 - np.abs(phase - np.round(phase)) * 2, 0.2)
    canvas.dense -= 0.12 * step(0.035 - np.abs(x - 0.06 - 0.1 * (y + 0.6)), 0.02) * step(-0.22 - y, 0.1)


def _opacity(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    x, y = chest.spot(0.2 + 0.6 * place.level, 0.2 + 0.6 * place.depth)
    mottled = 0.75 + 0.3 * chest.canvas.texture(rng, 0.07)
    chest.dim(0.45 * chest.canvas.blob(x, y, width=0.26, height=0.28) * mottled)


def _lesion(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    x, y = chest.spot(0.12 + 0.8 * place.level, 0.15 + 0.7 * place.depth)
    radius = lesion_radius(place)
    shadow = np.sqrt(np.clip(1 - chest.canvas.ellipse(x, y, a=radius, b=radius), 0, 1))
    chest.dim(0.75 * shadow)
    chest.canvas.dense += 0.15 * shadow


def _edema(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    chest.dim((0.55 + 0.2 * place.strength) * chest.canvas.blob(0.05, 0.0, width=0.40, height=0.42))
    chest.vessels = np.minimum(1.3, chest.vessels * 1.7)


def _consolidation(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    canvas = chest.canvas
    fissure = canvas.y - (0.05 + 0.55 * (canvas.x * -1))  # the oblique fissure runs from behind-above to front-below
    lobe = step(-fissure - 0.1, 0.05) * step(-0.10 - canvas.y, 0.05) if upper_lobe(place) else step(fissure, 0.05)
    chest.dim((0.55 + 0.15 * place.strength) * lobe)


def _pneumonia(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    canvas = chest.canvas
    x, y = chest.spot(0.35 + 0.6 * place.level, 0.2 + 0.6 * place.depth)
    size = 0.20 + 0.07 * place.extent
    ragged = 0.16 * canvas.texture(rng, 0.06)
    chest.dim(0.62 * step(1.05 - np.sqrt(canvas.ellipse(x, y, a=size * 1.1, b=size)) + ragged, 0.45))


def _atelectasis(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    lines = []
    for number in range(3):
        x, y = -0.15 + 0.1 * number, 0.22 - 0.09 * number
        lines.append(([(x, y), (x + 0.45, y + 0.13)], 0.036 + 0.016 * place.extent, 1.0))
    chest.dim(0.75 * chest.canvas.strokes(lines, soften=0.012))


def _pneumothorax(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    canvas = chest.canvas
    front, back = _outline(canvas.y, apex=chest.build.apex + 0.18 + 0.20 * place.extent)
    shrink = np.float32(0.07 + 0.08 * place.extent)
    edge = np.minimum(canvas.x - front, back - canvas.x) - shrink
    empty = step(-edge, 0.015)
    chest.vessels *= 1 - 0.7 * empty
    chest.air = chest.air * (1 + 0.28 * empty) * (1 - 0.15 * (1 - empty))
    canvas.dense += 0.10 * np.exp(-((edge / np.float32(0.012)) ** 2)) * step(chest.wall, 0.02) * step(chest.floor, 0.02)


def _effusion(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    level = 0.40 - 0.40 * place.extent
    rise = 0.16 * np.exp(-np.clip(chest.wall, 0, 1) / np.float32(0.10))
    behind = step(chest.canvas.x + 0.25, 0.3)
    chest.dim((0.90 if place.both else 0.70) * behind * step(chest.canvas.y - level + rise, 0.05))


def _pleural(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    uneven = np.float32(0.02) * chest.canvas.texture(rng, 0.10)
    rind = np.float32(0.07 + 0.04 * place.strength) + uneven - np.minimum(chest.back, chest.front + 0.04)
    chest.dim(0.65 * step(rind, 0.03))


def _fracture(chest: LateralChest, place: Place, rng: np.random.Generator) -> None:
    """Broken ribs behind the spine, or a broken clavicle in front of the apex."""
    lines: list[Stroke] = []
    if clavicle_broken(place):
        lines = [([(-0.42, -0.60), (-0.24, -0.66)], 0.05, 1.0), ([(-0.27, -0.56), (-0.06, -0.66)], 0.05, 1.0)]
    else:
        for number in range(4):
            x, y = 0.30 + float(rng.normal(0, 0.01)), -0.30 + 0.25 * place.level + chest.build.rib_gap * number
            lines.append(([(x - 0.20, y + 0.13), (x, y + 0.02)], 0.045, 0.9))
            lines.append(([(x - 0.02, y + 0.08), (x + 0.22, y - 0.04)], 0.045, 0.9))
    chest.canvas.dense += 0.32 * chest.canvas.strokes(lines, soften=0.010)


_SIGNS: Mapping[Finding, Callable[[LateralChest, Place, np.random.Generator], None]] = {
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

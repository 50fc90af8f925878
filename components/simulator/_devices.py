"""Tubes, lines and boxes as both views show them, and the outside wires that are no device."""

from collections.abc import Sequence

import numpy as np

from components.simulator._canvas import Canvas, Plane, Stroke, rounded
from components.simulator._chance import happens
from components.simulator._disease import Place
from components.simulator._words import Device

_DEVICES = tuple(Device)


def devices_of(place: Place) -> tuple[Device, ...]:
    """Which devices a patient carries: one to three, the same in text and picture."""
    rng = np.random.default_rng(place.seed)
    order = [_DEVICES[int(index)] for index in rng.permutation(len(_DEVICES))]
    return tuple(order[: 1 + int(place.extent * 2.5)])


def frontal_devices(canvas: Canvas, place: Place) -> Plane:
    """The devices from the front: float32 [rows, columns] 0..1, 1 = metal."""
    rng = np.random.default_rng(place.seed + 1)
    side = place.side
    wobble = float(rng.normal(0, 0.015))
    lines: list[Stroke] = []
    boxes: list[Sequence[tuple[float, float]]] = []
    for device in devices_of(place):
        if device is Device.PACEMAKER:
            boxes.append(_box(side * 0.52, -0.52 + wobble, 0.105, 0.085))
            vein = [(side * 0.45, -0.50), (side * 0.26, -0.56), (-0.06, -0.42), (-0.10, -0.10)]
            lines.append(([*vein, (-0.11, 0.14)], 0.022, 0.95))
            lines.append(([*vein, (-0.06, 0.22), (0.10, 0.34), (0.27, 0.33)], 0.022, 0.95))
        elif device is Device.TUBE:
            lines.append(([(wobble, -1.1), (0.005, -0.6), (0.0, -0.30)], 0.045, 0.85))
            lines.append(([(wobble + 0.01, -1.1), (0.03, -0.5), (0.05, 0.2), (0.12, 0.48), (0.3, 0.60)], 0.026, 0.95))
        elif device is Device.LINE:
            entry = [(-side * 0.9, -0.66), (-side * 0.55, -0.60), (-side * 0.28, -0.56)]
            lines.append(([*entry, (-0.09, -0.46), (-0.10, -0.22), (-0.09, 0.0)], 0.026, 0.95))
        elif device is Device.DRAIN:
            start = side * (0.95 + wobble)
            lines.append(([(start, 0.22), (side * 0.62, 0.08), (side * 0.46, -0.22), (side * 0.40, -0.55)], 0.040, 0.8))
        else:
            boxes.append(_box(side * 0.46, -0.36 + wobble, 0.06, 0.06))
            lines.append(([(side * 0.46, -0.38), (side * 0.33, -0.62), (-0.08, -0.45), (-0.10, -0.05)], 0.026, 0.95))
    return _sheet(canvas, lines, boxes)


def lateral_devices(canvas: Canvas, place: Place) -> Plane:
    """The devices from the side: float32 [rows, columns] 0..1."""
    lines: list[Stroke] = []
    boxes: list[Sequence[tuple[float, float]]] = []
    for device in devices_of(place):
        if device is Device.PACEMAKER:
            boxes.append(_box(-0.50, -0.50, 0.035, 0.09))
            lines.append(([(-0.48, -0.55), (-0.10, -0.62), (-0.05, -0.2), (-0.10, 0.15), (-0.32, 0.30)], 0.022, 0.95))
        elif device is Device.TUBE:
            lines.append(([(-0.02, -1.1), (0.03, -0.6), (0.08, -0.30)], 0.045, 0.85))
            lines.append(([(0.02, -1.1), (0.12, -0.4), (0.16, 0.2), (0.05, 0.55)], 0.026, 0.95))
        elif device is Device.LINE:
            lines.append(([(-0.2, -0.75), (-0.02, -0.55), (-0.03, -0.2), (-0.05, 0.0)], 0.026, 0.95))
        elif device is Device.DRAIN:
            lines.append(([(-0.7, 0.2), (-0.2, 0.05), (0.1, -0.3), (0.1, -0.6)], 0.040, 0.8))
        else:
            boxes.append(_box(-0.50, -0.36, 0.025, 0.06))
            lines.append(([(-0.48, -0.40), (-0.1, -0.6), (-0.05, -0.05)], 0.026, 0.95))
    return _sheet(canvas, lines, boxes)


def outside_wires(canvas: Canvas, rng: np.random.Generator) -> Plane:
    """ECG electrodes and their wires on the skin: nothing that a report counts as a device. 0..1"""
    lines: list[Stroke] = []
    spots = []
    for side in (-1, 1):
        for height in (-0.55, 0.30):
            if not happens(rng, 0.85):
                continue
            x, y = side * float(rng.uniform(0.55, 0.75)), height + float(rng.normal(0, 0.05))
            spots.append((x, y, 0.035, 1.0))
            middle = (side * float(rng.uniform(0.25, 0.85)), y + float(rng.uniform(0.15, 0.35)))
            lines.append((rounded([(x, y), middle, (side * float(rng.uniform(0.1, 1.0)), 1.1)]), 0.012, 0.7))
    return np.maximum(canvas.strokes(lines, soften=0.003), canvas.discs(spots, soften=0.004))


def _box(x: float, y: float, a: float, b: float) -> list[tuple[float, float]]:
    """A rounded box's outline."""
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    return [
        (
            x + a * float(np.sign(np.cos(t)) * abs(np.cos(t)) ** 0.5),
            y + b * float(np.sign(np.sin(t)) * abs(np.sin(t)) ** 0.5),
        )
        for t in turns
    ]


def _sheet(canvas: Canvas, lines: list[Stroke], boxes: list[Sequence[tuple[float, float]]]) -> Plane:
    sheet = canvas.strokes([(rounded(points), width, bright) for points, width, bright in lines], soften=0.003)
    for box in boxes:
        sheet = np.maximum(sheet, canvas.areas([(box, 1.0)], soften=0.004))
    return sheet

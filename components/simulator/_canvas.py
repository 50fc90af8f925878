"""The sheet a chest is drawn on: body coordinates over the picture's pixels, and soft-edged shapes in them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Plane = NDArray[np.floating[Any]]
"""float32 [rows, columns]"""

Points = Sequence[Sequence[float]]
"""(x, y) in body coordinates"""

Stroke = tuple[Points, float, float]
"""points, width in body units, brightness 0..1"""


_FINEST = 0.6  # pixels; what is drawn without any blur has stairs


@dataclass(frozen=True, kw_only=True)
class Positioning:
    """How the body lies on the detector: turn in degrees, shift in body units, scale 1 = fills the picture."""

    turn: float = 0.0
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0


@dataclass
class Canvas:
    """Body coordinates (x to the picture's right, y down, chest within about ±0.8 × ±0.9) and what is drawn so far.

    dense: radiographic density added so far, any sign.
    """

    rows: int
    columns: int
    positioning: Positioning
    x: Plane = field(init=False)
    y: Plane = field(init=False)
    dense: Plane = field(init=False)

    def __post_init__(self) -> None:
        self._unit = min(self.rows / 2 / 0.99, self.columns / 2 / 0.86) * self.positioning.scale
        turn = np.deg2rad(self.positioning.turn)
        self._cos, self._sin = float(np.cos(turn)), float(np.sin(turn))
        columns = ((np.arange(self.columns) - self.columns / 2 + 0.5) / self._unit).astype(np.float32)
        rows = ((np.arange(self.rows) - self.rows / 2 + 0.5) / self._unit).astype(np.float32)
        right, down = columns[None, :] - self.positioning.shift_x, rows[:, None] - self.positioning.shift_y
        self.x = right * np.float32(self._cos) + down * np.float32(self._sin)
        self.y = down * np.float32(self._cos) - right * np.float32(self._sin)
        self.dense = np.zeros((self.rows, self.columns), np.float32)

    def pixels(self, points: Points) -> list[tuple[float, float]]:
        """(column, row) of body points."""
        unit, c, s = self._unit, self._cos, self._sin
        left, top = self.columns / 2 - 0.5, self.rows / 2 - 0.5
        left, top = left + self.positioning.shift_x * unit, top + self.positioning.shift_y * unit
        return [((x * c - y * s) * unit + left, (x * s + y * c) * unit + top) for x, y in points]

    def length(self, body: float) -> float:
        """Pixels of a length in body units."""
        return body * self._unit

    def strokes(self, lines: Sequence[Stroke], *, soften: float = 0.0) -> Plane:
        """Lines as (points, width in body units, brightness 0..1) → float32 [rows, columns] 0..1."""
        sheet = Image.new("L", (self.columns, self.rows))
        pen = ImageDraw.Draw(sheet)
        for points, width, brightness in lines:
            pen.line(self.pixels(points), int(255 * brightness), max(1, round(self.length(width))), "curve")
        return self._taken(sheet, soften)

    def discs(self, spots: Sequence[tuple[float, float, float, float]], *, soften: float = 0.0) -> Plane:
        """Discs as (x, y, radius, brightness 0..1) → float32 [rows, columns] 0..1."""
        sheet = Image.new("L", (self.columns, self.rows))
        pen = ImageDraw.Draw(sheet)
        for x, y, radius, brightness in spots:
            ((column, row),) = self.pixels([(x, y)])
            reach = max(0.6, self.length(radius))
            pen.ellipse((column - reach, row - reach, column + reach, row + reach), int(255 * brightness))
        return self._taken(sheet, soften)

    def areas(self, outlines: Sequence[tuple[Points, float]], *, soften: float = 0.0) -> Plane:
        """Filled (outline, brightness 0..1) → float32 [rows, columns] 0..1."""
        sheet = Image.new("L", (self.columns, self.rows))
        pen = ImageDraw.Draw(sheet)
        for outline, brightness in outlines:
            pen.polygon(self.pixels(outline), int(255 * brightness))
        return self._taken(sheet, soften)

    def texture(self, rng: np.random.Generator, grain: float) -> Plane:
        """Smooth noise of about unit deviation whose grains measure `grain` body units."""
        step = max(2.0, self.length(grain))
        small = rng.standard_normal((int(self.rows / step) + 3, int(self.columns / step) + 3), np.float32)
        image = Image.fromarray(small).resize((self.columns, self.rows), Image.Resampling.BICUBIC)
        return np.asarray(image, np.float32)

    def blob(self, x: float, y: float, *, width: float, height: float) -> Plane:
        """A bell around (x, y): 1 in the middle, 0.37 at one width or height."""
        return np.exp(-(((self.x - x) / width) ** 2 + ((self.y - y) / height) ** 2)).astype(np.float32)

    def ellipse(self, x: float, y: float, *, a: float, b: float, tilt: float = 0.0) -> Plane:
        """Squared distance in units of the ellipse's half axes: below 1 is inside; tilt in degrees."""
        angle = np.deg2rad(tilt)
        c, s = np.float32(np.cos(angle)), np.float32(np.sin(angle))
        right, down = self.x - np.float32(x), self.y - np.float32(y)
        squared: Plane = ((right * c + down * s) / np.float32(a)) ** 2 + ((down * c - right * s) / np.float32(b)) ** 2
        return squared

    def _taken(self, sheet: Image.Image, soften: float) -> Plane:
        sigma = max(_FINEST, self.length(soften))
        softened = sheet.filter(ImageFilter.BoxBlur(((12 * sigma**2 + 1) ** 0.5 - 1) / 2))
        return np.asarray(softened, np.float32) / np.float32(255)


def step(value: Plane, softness: float) -> Plane:
    """0 where `value` is well below zero, 1 well above, smooth across `softness`."""
    t = value * np.float32(0.5 / softness)  # in place from here on: twenty of these make a picture
    t += np.float32(0.5)
    np.clip(t, 0, 1, out=t)
    smooth: Plane = t * np.float32(-2)
    smooth += np.float32(3)
    smooth *= t
    smooth *= t
    return smooth


def oval(x: float, y: float, *, a: float, b: float, tilt: float = 0.0) -> list[tuple[float, float]]:
    """The outline of an ellipse with half axes a and b, tilted by degrees."""
    turns = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    c, s = np.cos(np.deg2rad(tilt)), np.sin(np.deg2rad(tilt))
    along, across = a * np.cos(turns), b * np.sin(turns)
    return list(zip((x + along * c - across * s).tolist(), (y + along * s + across * c).tolist(), strict=True))


def rounded(points: Points, *, closed: bool = False) -> list[tuple[float, float]]:
    """The points' polyline (or outline) with its corners cut twice (Chaikin)."""
    line = [(x, y) for x, y in points]
    for _ in range(2):
        pairs = pairwise([*line, line[0]]) if closed else pairwise(line)
        inner = [(a[0] * (1 - w) + b[0] * w, a[1] * (1 - w) + b[1] * w) for a, b in pairs for w in (0.25, 0.75)]
        line = inner if closed else [line[0], *inner, line[-1]]
    return line

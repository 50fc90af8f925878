"""How a site's radiographs look: positioning, exposure, scatter, collimation, noise; and whom it sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
from PIL import Image, ImageDraw
from scipy import ndimage

from components.findings import Finding
from components.simulator._canvas import Plane, Positioning
from components.simulator._chance import happens

_THINNEST, _DENSEST, _LEVELS = -0.6, 3.0, 8192  # of the tone curve
_SHARP = 0.25  # pixels of blur that nobody sees


class Site(StrEnum):
    """The two invented hospitals."""

    PUBLISHED = "published"
    LOCAL = "local"


@dataclass(frozen=True, kw_only=True)
class Look:
    """One site's habits. Ranges are (low, high) of a uniform draw."""

    ap_share: float
    lateral_share: float
    healthy: float
    rates: Mapping[Finding, float]
    turn: float
    shift: float
    scale: tuple[float, float]
    magnified: tuple[float, float]  # the heart's size factor by projection in (PA, AP)
    contrast: tuple[float, float]
    exposure: tuple[float, float]
    gamma: tuple[float, float]
    scatter: tuple[float, float]
    blur: tuple[float, float]
    noise: tuple[float, float]
    edge: float
    framed: float
    wires: float
    ringed_marker: bool


_PUBLISHED_RATES = {
    Finding.CARDIOMEGALY: 0.13,
    Finding.ENLARGED_CARDIOMEDIASTINUM: 0.08,
    Finding.EDEMA: 0.08,
    Finding.PNEUMOTHORAX: 0.13,
    Finding.PLEURAL_EFFUSION: 0.14,
    Finding.SUPPORT_DEVICES: 0.15,
    Finding.FRACTURE: 0.16,
    Finding.PLEURAL_OTHER: 0.13,
    Finding.LUNG_LESION: 0.16,
    Finding.LUNG_OPACITY: 0.06,
    Finding.CONSOLIDATION: 0.06,
    Finding.PNEUMONIA: 0.10,
    Finding.ATELECTASIS: 0.13,
}

LOOKS: Mapping[Site, Look] = MappingProxyType(
    {
        Site.PUBLISHED: Look(
            ap_share=0.25,
            lateral_share=0.42,
            healthy=0.30,
            rates=MappingProxyType(_PUBLISHED_RATES),
            turn=1.5,
            shift=0.03,
            scale=(0.97, 1.06),
            magnified=(0.97, 1.05),
            contrast=(3.6, 4.4),
            exposure=(0.60, 0.72),
            gamma=(0.95, 1.10),
            scatter=(0.04, 0.12),
            blur=(0.0, 0.5),
            noise=(0.010, 0.020),
            edge=0.14,
            framed=0.10,
            wires=0.04,
            ringed_marker=False,
        ),
        Site.LOCAL: Look(
            ap_share=0.70,
            lateral_share=0.38,
            healthy=0.25,
            rates=MappingProxyType(
                {
                    **_PUBLISHED_RATES,
                    Finding.EDEMA: 0.12,
                    Finding.PLEURAL_EFFUSION: 0.18,
                    Finding.SUPPORT_DEVICES: 0.20,
                    Finding.ATELECTASIS: 0.15,
                    Finding.PNEUMONIA: 0.12,
                    Finding.LUNG_LESION: 0.13,
                }
            ),
            turn=4.0,
            shift=0.07,
            scale=(0.82, 0.98),
            magnified=(1.06, 1.20),
            contrast=(2.1, 2.9),
            exposure=(0.36, 0.52),
            gamma=(0.70, 0.95),
            scatter=(0.25, 0.45),
            blur=(0.5, 1.0),
            noise=(0.020, 0.038),
            edge=0.0,
            framed=0.75,
            wires=0.55,
            ringed_marker=True,
        ),
    }
)


def positioning_of(look: Look, rng: np.random.Generator) -> Positioning:
    """How this patient was placed before this site's detector."""
    return Positioning(
        turn=float(look.turn * np.clip(rng.standard_normal(), -2, 2)),
        shift_x=float(look.shift * np.clip(rng.standard_normal(), -2, 2)),
        shift_y=float(look.shift * np.clip(rng.standard_normal(), -2, 2)) * 0.6,
        scale=float(rng.uniform(*look.scale)),
    )


def exposed(density: Plane, look: Look, rng: np.random.Generator) -> Plane:
    """The finished picture: float32 [rows, columns] 0..1, air dark and bone bright.

    density: summed along the ray, 0 in air outside the body, about 1 in soft tissue.
    """
    rows, columns = density.shape
    scatter = np.float32(float(rng.uniform(*look.scatter)) - look.edge)
    small = (max(8, columns // 16), max(8, rows // 16))
    sheet = Image.fromarray(density)
    veil = sheet.resize(small, Image.Resampling.BOX).resize((columns, rows), Image.Resampling.BICUBIC)
    density = (1 - scatter) * density + scatter * np.asarray(veil, np.float32)
    density = _blurred(density, float(rng.uniform(*look.blur)) * max(rows, columns) / 256)
    noise = rng.standard_normal(density.shape, np.float32)
    density = density + np.float32(rng.uniform(*look.noise)) * (np.float32(0.6) + np.clip(density, 0, 2)) * noise
    picture = _toned(density, look, rng)
    return _framed(picture, look, rng)


def _toned(density: Plane, look: Look, rng: np.random.Generator) -> Plane:
    """Density through the site's tone curve: an S between air and metal, 0..1."""
    levels = np.linspace(_THINNEST, _DENSEST, _LEVELS, dtype=np.float32)
    steep, middle = float(rng.uniform(*look.contrast)), float(rng.uniform(*look.exposure))
    curve = (1 / (1 + np.exp(-steep * (levels - middle)))) ** float(rng.uniform(*look.gamma))
    at = (density - np.float32(_THINNEST)) * np.float32((_LEVELS - 1) / (_DENSEST - _THINNEST))
    toned: Plane = curve.astype(np.float32)[np.clip(at, 0, _LEVELS - 1).astype(np.int32)]
    return toned


def _blurred(plane: Plane, sigma: float) -> Plane:
    if sigma < _SHARP:
        return plane
    blurred: Plane = ndimage.gaussian_filter(plane, sigma, truncate=2.5)
    return blurred


def _framed(picture: Plane, look: Look, rng: np.random.Generator) -> Plane:
    """Collimation borders and the side marker laid over the picture."""
    rows, columns = picture.shape
    if happens(rng, look.framed):
        left, right, top, bottom = (float(value) for value in rng.uniform(0, 0.075, 4))
        slant = float(rng.normal(0, 0.012))
        mask = Image.new("L", (columns, rows))
        corners = [
            (left + slant, top),
            (1 - right, top + slant),
            (1 - right - slant, 1 - bottom),
            (left, 1 - bottom - slant),
        ]
        ImageDraw.Draw(mask).polygon([(x * columns, y * rows) for x, y in corners], 255)
        picture = picture * (np.asarray(mask, np.float32) / 255)
    unit = max(rows, columns) / 256
    x, y = columns * (1 - float(rng.uniform(0.09, 0.13))), rows * float(rng.uniform(0.05, 0.12))
    marker = Image.new("L", (columns, rows))
    pen = ImageDraw.Draw(marker)
    pen.line([(x, y), (x, y + 10 * unit), (x + 6 * unit, y + 10 * unit)], 255, max(1, round(2 * unit)))
    if look.ringed_marker:
        pen.ellipse((x - 5 * unit, y - 3 * unit, x + 11 * unit, y + 13 * unit), outline=255, width=max(1, round(unit)))
    return np.maximum(picture, np.asarray(marker, np.float32) / 255 * np.float32(0.97))

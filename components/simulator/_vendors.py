"""The makers of the invented hospitals' machines: what each one's files look like."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from pydicom.uid import UID, ExplicitVRLittleEndian, JPEG2000Lossless, JPEGLosslessSV1, RLELossless

from components.simulator._chance import happens, weighted
from components.simulator._look import Site
from components.simulator._words import Modality


@dataclass(frozen=True, kw_only=True)
class Vendor:
    """One machine: its header values, stored bits, usual compression and private elements."""

    manufacturer: str
    model: str
    software: str
    modality: Modality
    bits: int
    syntax: UID
    inverted: float  # share of MONOCHROME1
    creator: str
    group: int
    detector: str
    serial: int  # index into the hospital's serial numbers
    windows: int = 1
    voi_tables: bool = False


VENDORS: tuple[Vendor, ...] = (
    Vendor(
        manufacturer="FUJIFILM Corporation",
        model="FCR PROFECT CS",
        software="A19-01",
        modality=Modality.CR,
        bits=10,
        syntax=RLELossless,
        inverted=0.8,
        creator="FUJI PHOTO FILM Co., ltd.",
        group=0x0021,
        detector="ST-VI",
        serial=0,
    ),
    Vendor(
        manufacturer="Agfa",
        model="CR 85",
        software="NX_2.0.8951",
        modality=Modality.CR,
        bits=12,
        syntax=JPEGLosslessSV1,
        inverted=0.6,
        creator="Agfa ADC NX",
        group=0x0019,
        detector="MD4.0",
        serial=1,
        voi_tables=True,
    ),
    Vendor(
        manufacturer="Philips Medical Systems",
        model="DigitalDiagnost",
        software="2.1.2",
        modality=Modality.DX,
        bits=12,
        syntax=JPEG2000Lossless,
        inverted=0.1,
        creator="Philips X-ray Imaging DD 001",
        group=0x2001,
        detector="PIXIUM 4600",
        serial=2,
    ),
    Vendor(
        manufacturer="GE Healthcare",
        model="Discovery XR656",
        software="dm_Platform_release_FW24",
        modality=Modality.DX,
        bits=14,
        syntax=ExplicitVRLittleEndian,
        inverted=0.0,
        creator="GEMS_DL_IMG_01",
        group=0x0019,
        detector="FlashPad",
        serial=3,
        windows=2,
    ),
    Vendor(
        manufacturer="SIEMENS",
        model="MOBILETT Mira Max",
        software="VF10",
        modality=Modality.DX,
        bits=16,
        syntax=ExplicitVRLittleEndian,
        inverted=0.0,
        creator="SIEMENS MED DISPLAY 0001",
        group=0x0021,
        detector="MAX wi-D",
        serial=4,
    ),
    Vendor(
        manufacturer="Carestream Health",
        model="DRX-Revolution",
        software="5.7.607.8",
        modality=Modality.DX,
        bits=12,
        syntax=JPEGLosslessSV1,
        inverted=0.3,
        creator="Carestream Health 1.0",
        group=0x0029,
        detector="DRX-1C",
        serial=5,
    ),
    Vendor(
        manufacturer="Canon Inc.",
        model="CXDI-701C",
        software="2.10.0.9",
        modality=Modality.DX,
        bits=14,
        syntax=RLELossless,
        inverted=0.0,
        creator="CANON_INC_CXDI 1",
        group=0x0025,
        detector="CXDI-701C Wireless",
        serial=6,
    ),
)

_PARK: Mapping[Site, tuple[float, ...]] = MappingProxyType(
    {
        Site.PUBLISHED: (0.10, 0.10, 0.20, 0.25, 0.05, 0.10, 0.20),
        Site.LOCAL: (0.25, 0.18, 0.10, 0.08, 0.14, 0.20, 0.05),
    }
)


def vendor_of(site: Site, rng: np.random.Generator) -> Vendor:
    """One of the site's machines, as often as the site uses it."""
    return weighted(rng, tuple(zip(VENDORS, _PARK[site], strict=True)))


def syntax_of(vendor: Vendor, rng: np.random.Generator) -> UID:
    """The file's transfer syntax: the machine's own, or what the archive made of it."""
    if happens(rng, 0.75):
        return vendor.syntax
    return weighted(rng, ((ExplicitVRLittleEndian, 6), (RLELossless, 2), (JPEG2000Lossless, 1), (JPEGLosslessSV1, 2)))

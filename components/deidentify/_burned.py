"""Identity in the pixels: refused where the header says so or hints at it, taken out of unused bits."""

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.uid import UID

from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError

_PIXEL_DATA = 0x7FE00010
_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7."  # and its multi-frame kinds
_RADIOGRAPHY = frozenset({"CR", "DX"})
# Conversion Types of paper, film and screens, which show what stood on them: a name plate, a banner.
_COPIED = frozenset({"DV", "DF", "SD", "SI", "DRW"})


def refuse_burned_in_text(ds: Dataset) -> None:
    """RefusedInputError where the header says that text is burned in, or tells of a copy and does not deny it."""
    stated = _code(ds, "BurnedInAnnotation")
    if stated == "YES":
        raise RefusedInputError(HeaderReason.BURNED_IN_TEXT, "The header says that text is burned into the pixels.")
    captured = (
        f"{_code(ds, 'SOPClassUID')}.".startswith(_SECONDARY_CAPTURE) and _code(ds, "Modality") not in _RADIOGRAPHY
    )
    if stated != "NO" and (captured or _code(ds, "ConversionType") in _COPIED):
        raise RefusedInputError(
            HeaderReason.BURNED_IN_TEXT, "A screen or paper copy whose header does not say that it is free of text."
        )


def hidden_pixels_removed(ds: Dataset, copy: Dataset) -> None:
    """Takes out of native pixel data what no viewer shows: overlay planes in unused bits, and what follows the picture.

    Planes were kept there until 2004.

    Raises:
        RefusedInputError: there are such planes, and the pixel data is compressed or signed: they cannot be cleared.
    """
    hiding = any(_hides_in_pixels(ds, group) for group in _OVERLAY_GROUPS)
    if _PIXEL_DATA not in copy or not (hiding or _is_native(ds)):
        return
    stored, allocated = _number(ds, "BitsStored"), _number(ds, "BitsAllocated")
    frames, samples = _number(ds, "NumberOfFrames") or 1, _number(ds, "SamplesPerPixel") or 1
    size = _number(ds, "Rows") * _number(ds, "Columns") * samples * frames * allocated // 8
    element = copy[_PIXEL_DATA]
    pixels = element.value[:size]
    if hiding:
        plain = _number(ds, "HighBit") == stored - 1 and not _number(ds, "PixelRepresentation")
        if not _is_native(ds) or not plain or allocated not in (8, 16):
            raise RefusedInputError(
                HeaderReason.BURNED_IN_TEXT,
                "Overlay planes lie in unused bits of pixel data from where they cannot go.",
            )
        little = ds.original_encoding[1] is not False
        dtype = np.dtype("u1" if allocated == 8 else "<u2" if little else ">u2")  # noqa: PLR2004
        pixels = (np.frombuffer(pixels, dtype=dtype) & dtype.type((1 << stored) - 1)).astype(dtype).tobytes()
    elif not size or len(element.value) <= size + 1:
        return
    copy[_PIXEL_DATA] = DataElement(_PIXEL_DATA, element.VR, pixels + b"\0" * (len(pixels) % 2))


def _is_native(ds: Dataset) -> bool:
    syntax = UID(str(getattr(ds, "file_meta", Dataset()).get("TransferSyntaxUID", "")))
    return not (syntax.is_transfer_syntax and syntax.is_compressed)


def _number(ds: Dataset, keyword: str) -> int:
    try:
        return int(ds.get(keyword) or 0)
    except (TypeError, ValueError):
        return 0


def _hides_in_pixels(ds: Dataset, group: int) -> bool:
    return (group << 16 | 0x0010) in ds and (group << 16 | 0x3000) not in ds


def _code(ds: Dataset, keyword: str) -> str:
    try:
        return str(ds.get(keyword) or "").strip(" \0").upper()
    except Exception:
        return ""  # what cannot be read says nothing

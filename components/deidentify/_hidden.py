"""What pixel data holds beside the picture, where no viewer shows it: old overlays, comments, bytes after the end."""

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import DataElement
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import UID

from components.deidentify._codestreams import MalformedCodestream, only_the_picture
from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError

_PIXEL_DATA = 0x7FE00010
_OFFSETS = (0x7FE00001, 0x7FE00002)  # Extended Offset Table, and its lengths
_OVERLAY_GROUPS = range(0x6000, 0x6020, 2)


def hidden_pixels_removed(ds: Dataset, copy: Dataset) -> None:
    """Leaves nothing in the copy's pixel data but the picture, whose pixels stay as they are.

    Overlay planes in unused bits (they were kept there until 2004), segments of a compressed picture that hold text
    or another program's data, offset tables, and what follows the picture.

    Raises:
        RefusedInputError: there are such planes in compressed or signed pixel data, or the compressed picture is not
            made as its transfer syntax says.
    """
    if _PIXEL_DATA not in copy:
        return
    hiding = any(_hides_in_pixels(ds, group) for group in _OVERLAY_GROUPS)
    if not _is_native(ds):
        if hiding:
            raise _overlay_stays()
        _strip_frames(ds, copy)
    elif hiding:
        _clear_unused_bits(ds, copy)
    else:
        size = _native_size(ds)
        if size and len(copy[_PIXEL_DATA].value) > size + 1:
            _replace(copy, copy[_PIXEL_DATA].value[:size])


def _strip_frames(ds: Dataset, copy: Dataset) -> None:
    syntax = str(ds.file_meta.TransferSyntaxUID)
    frames = _number(ds, "NumberOfFrames") or 1
    shape = (_number(ds, "Rows"), _number(ds, "Columns"), _number(ds, "SamplesPerPixel") or 1)
    try:
        given = generate_frames(copy[_PIXEL_DATA].value, number_of_frames=frames)
        stripped = [only_the_picture(frame, syntax, shape) for frame in given]
    except MalformedCodestream as malformed:
        raise _unreadable(str(malformed)) from None
    except Exception:
        raise _unreadable("The compressed pixels hold no frame.") from None
    for tag in _OFFSETS:
        copy.pop(tag, None)
    _replace(copy, encapsulate(stripped))


def _clear_unused_bits(ds: Dataset, copy: Dataset) -> None:
    stored, allocated = _number(ds, "BitsStored"), _number(ds, "BitsAllocated")
    plain = _number(ds, "HighBit") == stored - 1 and not _number(ds, "PixelRepresentation")
    if not plain or allocated not in (8, 16):
        raise _overlay_stays()
    little = ds.original_encoding[1] is not False
    dtype = np.dtype("u1" if allocated == 8 else "<u2" if little else ">u2")  # noqa: PLR2004
    pixels = np.frombuffer(copy[_PIXEL_DATA].value[: _native_size(ds)], dtype=dtype)
    _replace(copy, (pixels & dtype.type((1 << stored) - 1)).astype(dtype).tobytes())


def _native_size(ds: Dataset) -> int:
    frames, samples = _number(ds, "NumberOfFrames") or 1, _number(ds, "SamplesPerPixel") or 1
    return _number(ds, "Rows") * _number(ds, "Columns") * samples * frames * _number(ds, "BitsAllocated") // 8


def _replace(copy: Dataset, pixels: bytes) -> None:
    given = copy[_PIXEL_DATA]
    element = DataElement(_PIXEL_DATA, given.VR, pixels + b"\0" * (len(pixels) % 2))
    element.is_undefined_length = given.is_undefined_length
    copy[_PIXEL_DATA] = element


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


def _overlay_stays() -> RefusedInputError:
    return RefusedInputError(
        HeaderReason.BURNED_IN_TEXT, "Overlay planes lie in unused bits of pixel data from where they cannot go."
    )


def _unreadable(sentence: str) -> RefusedInputError:
    return RefusedInputError(HeaderReason.UNREADABLE_PIXELS, sentence)

"""Compressed pictures without what they carry beside the picture: comments, EXIF, XMP, bytes after the end.

Segments are copied or left out, never decoded: the pixels stay as they are, bit for bit.
"""

import struct
from collections.abc import Callable, Iterator

from pydicom.uid import (
    JPEG2000TransferSyntaxes,
    JPEGLSTransferSyntaxes,
    JPEGTransferSyntaxes,
    RLELossless,
)

Shape = tuple[int, int, int]
"""rows, columns, samples a pixel"""

_HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")

# ISO 10918-1, table B.1
_SOI, _EOI, _SOS, _COM, _TEM = 0xD8, 0xD9, 0xDA, 0xFE, 0x01
_RESTARTS = range(0xD0, 0xD8)
_APPLICATION = range(0xE0, 0xF0)
_ADOBE, _ADOBE_LENGTH = b"Adobe", 14  # APP14: how colours were transformed, and nothing else

# ISO 15444-1, table A.2
_J2K_START, _J2K_TILE, _J2K_DATA, _J2K_END = 0xFF4F, 0xFF90, 0xFF93, 0xFFD9
_J2K_COMMENT, _J2K_TILE_LENGTHS = 0xFF64, 0xFF55  # the second would be wrong; it is optional

_RLE_HEADER, _MOST_SEGMENTS = 64, 15  # PS3.5 annex G


class MalformedCodestream(ValueError):
    """The compressed picture is not made as its transfer syntax says; the text says where, and holds none of it."""


def only_the_picture(frame: bytes, transfer_syntax: str, shape: Shape) -> bytes:
    """The frame's codestream, of an even length, with only what decoding it takes.

    Of a transfer syntax without such segments (video) the frame is given back as it is.

    Raises:
        MalformedCodestream: it cannot be told apart.
    """
    stripped = _stripper(transfer_syntax)(frame, shape)
    return stripped + b"\0" * (len(stripped) % 2)


def _stripper(transfer_syntax: str) -> Callable[[bytes, Shape], bytes]:
    if transfer_syntax in (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes):
        return _jpeg
    if transfer_syntax in (*JPEG2000TransferSyntaxes, *_HTJ2K):
        return _jpeg2000
    return _rle if transfer_syntax == RLELossless else lambda frame, shape: frame


def _jpeg(frame: bytes, shape: Shape) -> bytes:
    if frame[:2] != bytes((0xFF, _SOI)):
        raise MalformedCodestream("The compressed picture does not begin as a JPEG picture does.")
    kept = [frame[:2]]
    for marker, start, end in _jpeg_segments(frame):
        if marker != _COM and (marker not in _APPLICATION or _is_colour_transform(frame[start:end])):
            kept.append(frame[start:end])
        if marker == _EOI:
            return b"".join(kept)
    raise MalformedCodestream("The compressed picture has no end.")


def _is_colour_transform(segment: bytes) -> bool:
    return segment[1] == 0xEE and segment[4:9] == _ADOBE and len(segment) == 2 + _ADOBE_LENGTH  # noqa: PLR2004


def _jpeg_segments(frame: bytes) -> Iterator[tuple[int, int, int]]:
    """(marker, first byte, byte after the last) of each segment; a scan's entropy-coded data belongs to its header."""
    at = 2
    while at + 1 < len(frame):
        if frame[at] != 0xFF:  # noqa: PLR2004
            raise MalformedCodestream("The compressed picture has bytes between its segments.")
        marker = frame[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 – a fill byte
            at += 1
            continue
        if marker in (_EOI, _TEM) or marker in _RESTARTS:
            end = at + 2
        else:
            end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
            if end < at + 4 or end > len(frame):
                raise MalformedCodestream("A segment of the compressed picture is longer than the picture.")
        if marker == _SOS:
            end = _after_scan(frame, end)
        yield marker, at, end
        at = end


def _after_scan(frame: bytes, at: int) -> int:
    """Where the entropy-coded data ends: at the first marker that is neither a stuffed byte nor a restart.

    JPEG-LS stuffs a bit and not a byte: after 0xFF comes a byte below 0x80 there.
    """
    while True:
        at = frame.find(b"\xff", at)
        if at < 0 or at + 1 >= len(frame):
            raise MalformedCodestream("The compressed picture has no end.")
        following = frame[at + 1]
        if following >= 0x80 and following not in _RESTARTS and following != 0xFF:  # noqa: PLR2004
            return at
        at += 1 if following == 0xFF else 2  # noqa: PLR2004


def _jpeg2000(frame: bytes, shape: Shape) -> bytes:
    start = frame.find(b"\xff\x4f\xff\x51")  # of the codestream, also where boxes of a JP2 file stand around it
    if start < 0:
        raise MalformedCodestream("The compressed picture does not begin as a JPEG 2000 picture does.")
    head, at = _j2k_header(frame, start + 2, _J2K_TILE)
    kept = [frame[start : start + 2], head]
    while _marker(frame, at) == _J2K_TILE:
        part, at = _j2k_tile_part(frame, at)
        kept.append(part)
    if _marker(frame, at) != _J2K_END:
        raise MalformedCodestream("The compressed picture has no end.")
    return b"".join((*kept, frame[at : at + 2]))


def _j2k_header(frame: bytes, at: int, until: int) -> tuple[bytes, int]:
    """The segments up to the marker `until`, without comments, and where it stands."""
    kept = []
    while (marker := _marker(frame, at)) != until:
        end = at + 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
        if end < at + 4 or end > len(frame) or marker >> 8 != 0xFF:  # noqa: PLR2004
            raise MalformedCodestream("A segment of the compressed picture is longer than the picture.")
        if marker not in (_J2K_COMMENT, _J2K_TILE_LENGTHS):
            kept.append(frame[at:end])
        at = end
    return b"".join(kept), at


def _j2k_tile_part(frame: bytes, at: int) -> tuple[bytes, int]:
    """The tile-part that begins at the SOT marker, its length corrected, and where the next marker stands."""
    length, tile, size, part, parts = struct.unpack(">HHIBB", frame[at + 2 : at + 12].ljust(10, b"\0"))
    end = at + size if size else frame.rfind(b"\xff\xd9")
    head, data = _j2k_header(frame, at + 12, _J2K_DATA)
    if length != 10 or end < data + 2 or end > len(frame):  # noqa: PLR2004
        raise MalformedCodestream("A tile of the compressed picture is longer than the picture.")
    new = 12 + len(head) + end - data
    return struct.pack(">HHHIBB", _J2K_TILE, 10, tile, new, part, parts) + head + frame[data:end], end


def _marker(frame: bytes, at: int) -> int:
    return int.from_bytes(frame[at : at + 2], "big")


def _rle(frame: bytes, shape: Shape) -> bytes:
    """Each segment up to where it has filled the picture, after a header that holds nothing else."""
    if len(frame) < _RLE_HEADER:
        raise MalformedCodestream("The compressed picture is shorter than its header.")
    count, *offsets = struct.unpack("<16L", frame[:_RLE_HEADER])
    starts = offsets[:count]
    if not 0 < count <= _MOST_SEGMENTS or sorted(starts) != starts or starts[0] < _RLE_HEADER:
        raise MalformedCodestream("The compressed picture's segments are not where its header says.")
    segments = [
        _rle_segment(frame, start, end, shape[0] * shape[1])
        for start, end in zip(starts, [*starts[1:], len(frame)], strict=True)
    ]
    places = [_RLE_HEADER]
    for segment in segments[:-1]:
        places.append(places[-1] + len(segment))
    header = struct.pack("<16L", count, *places, *[0] * (_MOST_SEGMENTS - count))
    return header + b"".join(segments)


def _rle_segment(frame: bytes, start: int, end: int, pixels: int) -> bytes:
    """The PackBits runs that make so many bytes: of a stretch n + 1 literal bytes, or one byte 257 - n times."""
    at, made = start, 0
    while made < pixels and at < end:
        control = frame[at]
        if control < 0x80:  # noqa: PLR2004
            made += control + 1
            at += control + 2
        else:
            made += 0 if control == 0x80 else 257 - control  # noqa: PLR2004
            at += 1 if control == 0x80 else 2  # noqa: PLR2004
    if made < pixels or at > end:
        raise MalformedCodestream("A segment of the compressed picture ends too early.")
    segment = frame[start:at]
    return segment + b"\0" * (len(segment) % 2)

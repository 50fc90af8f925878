"""How large a compressed picture says it is, read before any decoder allocates memory for it."""

import struct

from pydicom.uid import JPEG2000TransferSyntaxes, JPEGLSTransferSyntaxes, JPEGTransferSyntaxes

_J2K_SIZE = b"\xff\x4f\xff\x51"  # start of codestream, then the size marker (ISO 15444-1, A.5.1)
_J2K_OFFSETS = 8  # from the start to Xsiz
_J2K_FIELDS = struct.Struct(">4I16xH")  # Xsiz, Ysiz, XOsiz, YOsiz, four sides of tiles, Csiz
_JPEG_FIELDS = struct.Struct(">HHB")  # lines, samples a line, components
_MARKER = 0xFF
_WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0), 0xF7}) - {0xC4, 0xC8, 0xCC}
_MOST_SEGMENTS = 10_000
_HTJ2K = ("1.2.840.10008.1.2.4.201", "1.2.840.10008.1.2.4.202", "1.2.840.10008.1.2.4.203")


def codestream_size(frame: bytes, transfer_syntax: str) -> tuple[int, int, int] | None:
    """(rows, columns, samples a pixel) that the codestream declares; None where it declares none.

    RLE declares none: its decoder fills what Rows and Columns say.
    """
    if transfer_syntax in JPEG2000TransferSyntaxes or transfer_syntax in _HTJ2K:
        return _j2k_size(frame)
    if transfer_syntax in (*JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes):
        return _jpeg_size(frame)
    return None


def declares_size(transfer_syntax: str) -> bool:
    """Whether codestreams of this transfer syntax declare their size."""
    return transfer_syntax in (*JPEG2000TransferSyntaxes, *_HTJ2K, *JPEGTransferSyntaxes, *JPEGLSTransferSyntaxes)


def _j2k_size(frame: bytes) -> tuple[int, int, int] | None:
    start = frame.find(_J2K_SIZE)
    fields = frame[start + _J2K_OFFSETS :][: _J2K_FIELDS.size]
    if start < 0 or len(fields) < _J2K_FIELDS.size:
        return None
    width, height, left, top, samples = _J2K_FIELDS.unpack(fields)
    return height - top, width - left, samples


def _jpeg_size(frame: bytes) -> tuple[int, int, int] | None:
    at = 2
    for _ in range(_MOST_SEGMENTS):
        while at + 1 < len(frame) and frame[at] == _MARKER and frame[at + 1] == _MARKER:
            at += 1  # fill bytes
        if at + 10 > len(frame) or frame[at] != _MARKER:
            return None
        marker = frame[at + 1]
        if marker in _START_OF_FRAME:
            return _JPEG_FIELDS.unpack(frame[at + 5 : at + 10])
        at += 2 if marker in _WITHOUT_LENGTH else 2 + int.from_bytes(frame[at + 2 : at + 4], "big")
    return None

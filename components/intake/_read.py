"""A DICOM file read within bounds: nothing in it can make reading hang or take all memory."""

import struct
import zlib
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian

from components.deidentify import quiet_dicom
from components.errors import RefusedInputError
from components.intake._reason import Reason, refused

MAX_BYTES = 1 << 30
_PUT_OFF = 64 << 20  # a single value larger than this stays on disk until it is asked for
_CHUNK = 1 << 20
_UNDEFINED = 0xFFFFFFFF
_GROUP_LENGTH_AT = 140
_META_STARTS_AT = 144


def read_dicom(path: Path, *, max_bytes: int = MAX_BYTES) -> Dataset:
    """The data set of a DICOM file, with or without preamble.

    Raises:
        RefusedInputError: larger than `max_bytes` (also when inflated), cut short, or no DICOM.
        OSError: the file cannot be opened.
    """
    if path.stat().st_size > max_bytes:
        raise _too_large(max_bytes)
    _refuse_inflating(path, max_bytes)
    with quiet_dicom() as heard:
        try:
            ds = pydicom.dcmread(path, defer_size=_PUT_OFF, force=True)
        except InvalidDicomError:
            raise refused(Reason.NOT_DICOM, "The file is no DICOM file.") from None
        except EOFError:
            raise refused(Reason.TRUNCATED, "The file ends in the middle of an element.") from None
        except OSError:
            raise
        except Exception as error:
            raise refused(Reason.BAD_HEADER, f"The file cannot be parsed as DICOM ({type(error).__name__}).") from None
        cut_short = any("End of file" in str(warning.message) or "EOF" in str(warning.message) for warning in heard)
        cut_short = cut_short or _value_is_short(ds)
    if cut_short:
        raise refused(Reason.TRUNCATED, "The file ends in the middle of an element.")
    if not len(ds):
        if getattr(ds, "preamble", None):
            raise refused(Reason.TRUNCATED, "The file ends before its first element.")
        raise refused(Reason.NOT_DICOM, "The file holds no DICOM element.")
    return ds


def read_header(path: Path) -> Dataset:
    """What stands before the pixels, also of a file that is cut short.

    Raises:
        RefusedInputError: no DICOM, or one that inflates beyond bounds.
        OSError: the file cannot be opened.
    """
    _refuse_inflating(path, MAX_BYTES)
    with quiet_dicom():
        try:
            return pydicom.dcmread(path, defer_size=_PUT_OFF, force=True, stop_before_pixels=True)
        except OSError:
            raise
        except Exception as error:
            raise refused(Reason.BAD_HEADER, f"The header cannot be parsed ({type(error).__name__}).") from None


def _too_large(max_bytes: int) -> RefusedInputError:
    return refused(Reason.TOO_LARGE, f"The file is larger than {max_bytes >> 20} MiB; it was not read.")


def _value_is_short(ds: Dataset) -> bool:
    """Whether a value is shorter than its length says: pydicom passes over the end of the file in silence."""
    for tag in ds.keys():  # iterating the data set itself would decode every element
        element = ds.get_item(tag, keep_deferred=True)
        value, length = element.value if element.is_raw else None, getattr(element, "length", 0)
        if isinstance(value, bytes) and 0 < length < _UNDEFINED and len(value) < length:
            return True
    return False


def _refuse_inflating(path: Path, max_bytes: int) -> None:
    """Refuses a deflated file that would inflate beyond the bound, without keeping what is inflated."""
    with path.open("rb") as file:
        head = file.read(_CHUNK)
        if head[128:132] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in head:
            return
        if head[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
            raise refused(Reason.BAD_HEADER, "A deflated file without the length of its file meta information.")
        (length,) = struct.unpack_from("<L", head, _GROUP_LENGTH_AT)
        file.seek(_META_STARTS_AT + length)
        inflater, inflated = zlib.decompressobj(-zlib.MAX_WBITS), 0
        try:
            while chunk := inflater.unconsumed_tail or file.read(_CHUNK):
                inflated += len(inflater.decompress(chunk, _CHUNK))
                if inflated > max_bytes:
                    raise _too_large(max_bytes)
                if inflater.eof:
                    return
        except zlib.error:
            raise refused(Reason.TRUNCATED, "The deflated part of the file cannot be inflated.") from None

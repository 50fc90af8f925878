"""What the header says of the pixels, checked before one of them is decoded."""

from dataclasses import dataclass

from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.uid import UID, ImplicitVRLittleEndian

from components.errors import RefusedInputError
from components.imaging._codestream import codestream_size, declares_size
from components.imaging._reasons import PixelReason

MOST_PIXELS = 40_000_000
LEAST_SIDE = 16
_LARGEST_BITS = 16
_GROWTH = 2  # a compressed frame larger than twice the picture is none


@dataclass(frozen=True)
class PixelShape:
    """Rows, columns and the stored values' form (DICOM Rows, Columns, Bits Allocated, Bits Stored, Pixel Rep.)."""

    rows: int
    columns: int
    bits_allocated: int
    bits_stored: int
    signed: bool
    inverted: bool
    transfer_syntax: UID

    @property
    def bytes(self) -> int:
        """Size of the picture when it is not compressed."""
        return self.rows * self.columns * self.bits_allocated // 8


def pixel_shape(ds: Dataset) -> PixelShape:
    """The shape of a single grey frame; RefusedInputError with a PixelReason for anything else."""
    if not _length(ds):
        raise RefusedInputError(PixelReason.NO_PIXELS, "The file holds no pixel data.")
    photometric = str(ds.get("PhotometricInterpretation") or "").strip()
    if _number(ds, "SamplesPerPixel", 1) != 1 or photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise RefusedInputError(PixelReason.COLOUR, "The picture is not grey; one grey sample a pixel is expected.")
    if _number(ds, "NumberOfFrames", 1) > 1:
        raise RefusedInputError(PixelReason.MULTI_FRAME, "The file holds several frames; a radiograph has one.")
    shape = PixelShape(
        rows=_number(ds, "Rows"),
        columns=_number(ds, "Columns"),
        bits_allocated=_number(ds, "BitsAllocated"),
        bits_stored=_number(ds, "BitsStored", _number(ds, "BitsAllocated")),
        signed=_number(ds, "PixelRepresentation", 0) == 1,
        inverted=photometric == "MONOCHROME1",
        transfer_syntax=_transfer_syntax(ds),
    )
    _refuse_impossible(shape)
    (_refuse_wrong_codestream if shape.transfer_syntax.is_compressed else _refuse_short)(ds, shape)
    return shape


def _refuse_impossible(shape: PixelShape) -> None:
    if shape.rows * shape.columns > MOST_PIXELS:
        raise RefusedInputError(
            PixelReason.TOO_LARGE, f"The header announces more than {MOST_PIXELS // 1_000_000} million pixels."
        )
    if min(shape.rows, shape.columns) < LEAST_SIDE:
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, f"A side is shorter than {LEAST_SIDE} pixels.")
    if shape.bits_allocated not in (8, 16) or not 0 < shape.bits_stored <= min(shape.bits_allocated, _LARGEST_BITS):
        raise RefusedInputError(
            PixelReason.UNREADABLE_PIXELS, "Stored values are not of 1 to 16 bits in 8 or 16 allocated ones."
        )
    if not shape.transfer_syntax.is_transfer_syntax:
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, "The transfer syntax is not a known one.")


def _refuse_short(ds: Dataset, shape: PixelShape) -> None:
    if _length(ds) < shape.bytes:
        raise RefusedInputError(PixelReason.TRUNCATED, "There are fewer pixels than rows and columns announce.")


def _refuse_wrong_codestream(ds: Dataset, shape: PixelShape) -> None:
    """A decoder allocates what the codestream declares, whatever the header says."""
    if _length(ds) > _GROWTH * shape.bytes + 65_536:
        raise RefusedInputError(PixelReason.TOO_LARGE, "The compressed pixels are larger than the picture.")
    if not declares_size(shape.transfer_syntax):
        return
    try:
        frame = get_frame(ds.PixelData, 0, number_of_frames=1)
    except Exception:
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, "The compressed pixels hold no frame.") from None
    if codestream_size(frame, shape.transfer_syntax) != (shape.rows, shape.columns, 1):
        raise RefusedInputError(
            PixelReason.UNREADABLE_PIXELS, "The compressed picture is of another size than the header says."
        )


def _length(ds: Dataset) -> int:
    if "PixelData" not in ds:
        return 0
    element = ds.get_item("PixelData", keep_deferred=True)
    value = element.value
    if value is None:  # reading was put off until it is needed
        return int(getattr(element, "length", 0))
    return len(value)


def _number(ds: Dataset, keyword: str, default: int | None = None) -> int:
    try:
        value = ds.get(keyword)
        if value is None or value == "":
            if default is not None:
                return default
            raise ValueError
        return int(value)
    except Exception:
        raise RefusedInputError(PixelReason.UNREADABLE_PIXELS, f"{keyword} is missing or no number.") from None


def _transfer_syntax(ds: Dataset) -> UID:
    meta = getattr(ds, "file_meta", None)
    return UID(str((meta or {}).get("TransferSyntaxUID") or ImplicitVRLittleEndian))

"""Compressed pixel data keeps its picture bit for bit, and nothing that is not picture."""

import io
import struct

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, encapsulate_extended, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGBaseline8Bit, JPEGLSLossless, RLELossless

from components.deidentify import HeaderReason
from components.deidentify._codestreams import MalformedCodestream, only_the_picture
from components.errors import RefusedInputError

NAME = b"QZFAMILY^QZGIVEN"
SHAPE = (64, 48, 1)
SYNTAXES = [JPEGBaseline8Bit, JPEGLSLossless, JPEG2000Lossless, RLELossless]


def picture() -> np.ndarray:
    rows, columns = np.mgrid[0:64, 0:48]
    return ((rows * 3 + columns * 2) % 256).astype(np.uint8)


@pytest.fixture
def compressed(chest, tmp_path):
    """A chest radiograph of 64 by 48 pixels in one frame of the transfer syntax."""

    def make(syntax: str):
        ds = chest(
            Rows=64, Columns=48, BitsAllocated=8, BitsStored=8, HighBit=7, PixelData=picture().tobytes(),
            WindowCenter=None, WindowWidth=None,
        )  # fmt: skip
        ds["PixelData"].VR = "OB"
        if syntax == JPEGBaseline8Bit:
            buffer = io.BytesIO()
            Image.fromarray(picture()).save(buffer, "jpeg", quality=90)
            ds.PixelData = encapsulate([buffer.getvalue()])
            ds.file_meta.TransferSyntaxUID = syntax
            ds["PixelData"].is_undefined_length = True
        elif syntax == JPEGLSLossless:
            ds = by_gdcm(ds, tmp_path)
        else:
            ds.compress(syntax, generate_instance_uid=False)
        return ds

    return make


def by_gdcm(ds, folder):
    """The data set in JPEG-LS, which pydicom's own plugins do not write."""
    gdcm = pytest.importorskip("gdcm")
    source, target = folder / "native.dcm", folder / "jpegls.dcm"
    pydicom.dcmwrite(source, ds, enforce_file_format=True)
    reader, change, writer = gdcm.ImageReader(), gdcm.ImageChangeTransferSyntax(), gdcm.ImageWriter()
    reader.SetFileName(str(source))
    assert reader.Read()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLSLossless))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    return pydicom.dcmread(target)


def frame_of(ds) -> bytes:
    return next(generate_frames(ds.PixelData, number_of_frames=1))


def with_names(frame: bytes, syntax: str) -> bytes:
    """The frame with a name in every place that holds no picture."""
    length = struct.pack(">H", len(NAME) + 4)
    if syntax in (JPEGBaseline8Bit, JPEGLSLossless):
        comments = b"".join(b"\xff" + marker + length + b"xy" + NAME for marker in (b"\xfe", b"\xe1", b"\xe5", b"\xee"))
        return frame[:2] + b"\xff" + comments + frame[2:].rstrip(b"\0") + NAME
    if syntax == JPEG2000Lossless:
        comment = b"\xff\x64" + length + b"\0\1" + NAME
        size = 4 + int.from_bytes(frame[4:6], "big")
        tile = frame.index(b"\xff\x90")
        data = frame.index(b"\xff\x93", tile)
        longer = int.from_bytes(frame[tile + 6 : tile + 10], "big")
        start = frame[tile : tile + 6] + struct.pack(">I", longer + len(comment) if longer else 0)
        main = frame[:size] + comment + frame[size:tile]
        return b"jP  " + NAME + main + start + frame[tile + 10 : data] + comment + frame[data:].rstrip(b"\0") + NAME
    header = list(struct.unpack("<16L", frame[:64]))
    header[1:] = [offset + len(NAME) for offset in header[1 : 1 + header[0]]] + [int.from_bytes(NAME[:4], "little")] * (
        15 - header[0]
    )
    return struct.pack("<16L", *header) + NAME + frame[64:] + NAME


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_name_beside_the_picture_goes_and_every_pixel_stays(compressed, deidentified, written, reread, syntax):
    clean, named = compressed(syntax), compressed(syntax)
    named.PixelData = encapsulate([with_names(frame_of(named), syntax)])
    named["PixelData"].is_undefined_length = True
    assert NAME in written(named)
    safe = deidentified(named).dataset
    content = written(safe)
    assert NAME not in content
    assert NAME[:4] * 2 not in content
    assert np.array_equal(reread(safe).pixel_array, clean.pixel_array)


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_a_frame_without_anything_beside_the_picture_is_decoded_alike(compressed, syntax):
    frame = frame_of(compressed(syntax))
    once = only_the_picture(frame, syntax, SHAPE)
    assert only_the_picture(once, syntax, SHAPE) == once, "stripping twice is stripping once"
    assert len(once) % 2 == 0
    assert len(once) <= len(frame)


def test_fragments_and_offset_tables_become_one_plain_frame(compressed, deidentified, reread):
    ds = compressed(JPEG2000Lossless)
    frame, expected = frame_of(ds), ds.pixel_array
    for pieces in (3, 8):
        ds.PixelData = encapsulate([frame], fragments_per_frame=pieces, has_bot=False)
        safe = deidentified(ds).dataset
        assert np.array_equal(reread(safe).pixel_array, expected), pieces
        assert len(list(generate_frames(safe.PixelData, number_of_frames=1))) == 1
    ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended([frame])
    safe = deidentified(ds).dataset
    assert "ExtendedOffsetTable" not in safe
    assert "ExtendedOffsetTableLengths" not in safe
    assert np.array_equal(reread(safe).pixel_array, expected)


def test_colour_keeps_the_segment_that_says_how_its_colours_were_stored():
    adobe = b"\xff\xee\x00\x0eAdobe" + bytes(7)
    buffer = io.BytesIO()
    Image.fromarray(np.dstack([picture()] * 3)).save(buffer, "jpeg")
    frame = buffer.getvalue()
    assert adobe in only_the_picture(frame[:2] + adobe + frame[2:], JPEGBaseline8Bit, (64, 48, 3))


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("broken", ["empty", "cut", "other", "longer"])
def test_what_cannot_be_told_apart_is_refused(compressed, deidentified, syntax, broken):
    ds = compressed(syntax)
    frame = frame_of(ds)
    frames = {
        "empty": b"\0\0", "cut": frame[: len(frame) // 2], "other": b"%PDF-1.4 " + NAME * 8,
        "longer": frame[:2] + b"\xff\xff" + frame[4:],
    }  # fmt: skip
    try:
        stripped = only_the_picture(frames[broken], syntax, SHAPE)
    except MalformedCodestream as malformed:
        assert NAME.decode() not in str(malformed)
    else:
        assert broken == "longer", "in RLE these are two bytes of a number"
        assert NAME not in stripped
        return
    ds.PixelData = encapsulate([frames[broken]])
    ds["PixelData"].is_undefined_length = True
    with pytest.raises(RefusedInputError) as refusal:
        deidentified(ds)
    assert refusal.value.reason == HeaderReason.UNREADABLE_PIXELS

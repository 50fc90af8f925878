"""Pixels: every form of storage becomes the same grey picture; what cannot is refused with its reason."""

import io
import shutil
import subprocess

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    RLELossless,
)

from components.deidentify import Box
from components.errors import RefusedInputError
from components.imaging import PixelReason, PixelWarning, read_pixels, read_radiograph

ROWS, COLUMNS = 40, 60


def ramp(bits: int) -> np.ndarray:
    """A picture that uses all of its bits: dark left, bright right."""
    return np.tile(np.linspace(0, (1 << bits) - 1, COLUMNS), (ROWS, 1)).astype(np.uint16)


def radiograph(stored: np.ndarray, bits: int, *, syntax: str = ExplicitVRLittleEndian, **changes: object) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.Rows, ds.Columns = stored.shape
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated = 8 if stored.dtype.itemsize == 1 else 16
    ds.BitsStored, ds.HighBit, ds.PixelRepresentation = bits, bits - 1, int(stored.dtype.kind == "i")
    ds.PixelData = stored.astype(stored.dtype.newbyteorder(">" if syntax == ExplicitVRBigEndian else "<")).tobytes()
    ds["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def through_a_file(ds: Dataset) -> Dataset:
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.1", "1.2.3"
    ds.file_meta.MediaStorageSOPClassUID, ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, "1.2.3"
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    buffer.seek(0)
    return pydicom.dcmread(buffer)


def is_ramp(picture: np.ndarray) -> bool:
    expected = np.linspace(0, 1, COLUMNS)
    return bool(np.abs(picture - expected).max() < 0.03 and picture.dtype == np.float32)


def refused(ds: Dataset) -> PixelReason:
    with pytest.raises(RefusedInputError) as refusal:
        read_pixels(ds)
    return PixelReason(refusal.value.reason)


@pytest.mark.parametrize("bits", [8, 10, 12, 14, 15, 16])
def test_any_number_of_stored_bits_fills_the_scale(bits):
    assert is_ramp(read_pixels(radiograph(ramp(bits), bits)))


def test_eight_allocated_bits_and_signed_values():
    assert is_ramp(read_pixels(radiograph(ramp(8).astype(np.uint8), 8)))
    assert is_ramp(read_pixels(radiograph(ramp(12).astype(np.int16) - 2048, 12)))
    assert is_ramp(read_pixels(radiograph((ramp(16).astype(np.int32) - 32768).astype(np.int16), 16)))


def test_signed_values_without_sign_extension_and_old_overlay_bits_do_not_matter():
    signed = ((ramp(12).astype(np.int16) - 2048) & 0x0FFF).astype(np.int16)
    assert is_ramp(read_pixels(radiograph(signed, 12)))
    assert is_ramp(read_pixels(radiograph(ramp(12) | 0x8000, 12)))


def test_monochrome1_is_turned_over():
    flipped = radiograph(ramp(12)[:, ::-1], 12, PhotometricInterpretation="MONOCHROME1")
    assert is_ramp(read_pixels(flipped))


@pytest.mark.parametrize(
    "syntax", [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_native_transfer_syntaxes(syntax):
    assert is_ramp(read_pixels(through_a_file(radiograph(ramp(12), 12, syntax=syntax))))


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_lossless_compression_by_pydicom(syntax):
    ds = radiograph(ramp(12), 12)
    ds.compress(syntax, generate_instance_uid=False)
    assert is_ramp(read_pixels(through_a_file(ds)))


def test_jpeg_baseline():
    buffer = io.BytesIO()
    Image.fromarray(ramp(8).astype(np.uint8)).save(buffer, "jpeg", quality=95)
    ds = radiograph(ramp(8).astype(np.uint8), 8, syntax=JPEGBaseline8Bit, PixelData=encapsulate([buffer.getvalue()]))
    assert is_ramp(read_pixels(ds))


def test_jpeg_lossless(tmp_path):
    gdcm = pytest.importorskip("gdcm")
    source, target = tmp_path / "native.dcm", tmp_path / "lossless.dcm"
    ds = radiograph(ramp(12), 12)
    through_a_file(ds)
    pydicom.dcmwrite(source, ds, enforce_file_format=True)
    reader = gdcm.ImageReader()
    reader.SetFileName(str(source))
    assert reader.Read()
    change = gdcm.ImageChangeTransferSyntax()
    change.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.JPEGLosslessProcess14_1))
    change.SetInput(reader.GetImage())
    assert change.Change()
    writer = gdcm.ImageWriter()
    writer.SetFileName(str(target))
    writer.SetFile(reader.GetFile())
    writer.SetImage(change.GetOutput())
    assert writer.Write()
    compressed = pydicom.dcmread(target)
    assert compressed.file_meta.TransferSyntaxUID == JPEGLosslessSV1
    assert is_ramp(read_pixels(compressed))


def test_rescale_and_window_shape_the_grey():
    windowed = read_pixels(radiograph(ramp(12), 12, WindowCenter="1024", WindowWidth="2048"))
    assert np.all(windowed[:, COLUMNS // 2 + 2 :] == 1), "what lies above the window is white"
    assert windowed[0, 0] == 0
    shifted = radiograph(
        ramp(12), 12, RescaleSlope="2", RescaleIntercept="-100", WindowCenter="1948", WindowWidth="4096"
    )
    assert np.abs(read_pixels(shifted) - windowed).max() < 0.05


def test_a_table_is_applied_before_photometric_inversion():
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 12]
    table.LUTData = np.arange(4095, -1, -1, dtype="<u2").tobytes()
    table["LUTData"].VR = "OW"
    ds = radiograph(ramp(12), 12, VOILUTSequence=Sequence([table]))
    assert is_ramp(1 - read_pixels(ds))


@pytest.mark.parametrize(
    "window", [{"WindowCenter": "60000", "WindowWidth": "10"}, {"WindowCenter": "5", "WindowWidth": "0"}]
)
def test_a_window_that_shows_nothing_is_passed_over_and_that_is_said(window):
    read = read_radiograph(radiograph(ramp(12), 12, **window))
    assert is_ramp(read.grey)
    assert read.warnings == (PixelWarning.WINDOW_PASSED_OVER,)


def test_a_window_far_too_wide_does_not_make_the_picture_flat():
    assert is_ramp(read_pixels(radiograph(ramp(12), 12, WindowCenter="2048", WindowWidth="9000000")))


def test_a_table_that_cannot_be_applied_is_passed_over_and_that_is_said():
    broken = Dataset()
    broken.LUTDescriptor = [4096, 0, 12]
    broken.LUTData = b"\0\1"
    broken["LUTData"].VR = "OW"
    read = read_radiograph(radiograph(ramp(12), 12, VOILUTSequence=Sequence([broken])))
    assert is_ramp(read.grey)
    assert read.warnings == (PixelWarning.WINDOW_PASSED_OVER,)
    read = read_radiograph(radiograph(ramp(12), 12, ModalityLUTSequence=Sequence([broken])))
    assert is_ramp(read.grey)
    assert read.warnings == (PixelWarning.MODALITY_PASSED_OVER,)


def test_a_rescale_that_paints_all_over_is_passed_over_and_that_is_said():
    read = read_radiograph(radiograph(ramp(12), 12, RescaleSlope="0", RescaleIntercept="7"))
    assert is_ramp(read.grey)
    assert read.warnings == (PixelWarning.MODALITY_PASSED_OVER,)


def test_a_modality_table_counts_before_the_rescale_beside_it():
    table = Dataset()
    table.LUTDescriptor = [4096, 0, 16]
    table.LUTData = np.arange(4095, -1, -1, dtype="<u2").tobytes()
    table["LUTData"].VR = "OW"
    read = read_radiograph(
        radiograph(ramp(12), 12, ModalityLUTSequence=Sequence([table]), RescaleSlope="1", RescaleIntercept="0")
    )
    assert is_ramp(1 - read.grey)
    assert read.warnings == ()


def test_padding_is_black_and_not_on_the_scale():
    stored = ramp(12) // 2
    stored[:, :10] = 4095
    padded = read_pixels(radiograph(stored, 12, PixelPaddingValue=4095))
    assert np.all(padded[:, :10] == 0)
    assert padded[0, -1] == 1


def test_an_even_picture_is_black():
    assert not read_pixels(radiograph(np.full((ROWS, COLUMNS), 7, np.uint16), 12)).any()


def test_what_is_no_single_grey_frame_is_refused():
    grey = radiograph(ramp(12), 12)
    assert refused(radiograph(ramp(12), 12, NumberOfFrames=3)) is PixelReason.MULTI_FRAME
    assert refused(radiograph(ramp(12), 12, SamplesPerPixel=3, PhotometricInterpretation="RGB")) is PixelReason.COLOUR
    assert refused(radiograph(ramp(12), 12, PhotometricInterpretation="PALETTE COLOR")) is PixelReason.COLOUR
    assert refused(radiograph(ramp(12), 12, Rows=4, Columns=4)) is PixelReason.UNREADABLE_PIXELS
    assert refused(radiograph(ramp(12), 12, BitsStored=40)) is PixelReason.UNREADABLE_PIXELS
    assert refused(radiograph(ramp(12), 12, Rows=None)) is PixelReason.UNREADABLE_PIXELS
    assert refused(radiograph(ramp(12), 12, PixelData=grey.PixelData[:-100])) is PixelReason.TRUNCATED
    del grey.PixelData
    assert refused(grey) is PixelReason.NO_PIXELS


def test_a_decompression_bomb_is_refused_before_it_is_decoded():
    assert refused(radiograph(ramp(12), 12, Rows=65535, Columns=65535)) is PixelReason.TOO_LARGE
    ds = radiograph(ramp(12), 12)
    ds.compress(JPEG2000Lossless, generate_instance_uid=False)
    frame = bytearray(ds.PixelData)
    at = frame.find(b"\xff\x4f\xff\x51") + 8
    frame[at : at + 8] = (60_000).to_bytes(4, "big") * 2
    ds.PixelData = bytes(frame)
    assert refused(ds) is PixelReason.UNREADABLE_PIXELS
    buffer = io.BytesIO()
    Image.new("L", (3000, 3000)).save(buffer, "jpeg")
    ds = radiograph(ramp(8).astype(np.uint8), 8, syntax=JPEGBaseline8Bit, PixelData=encapsulate([buffer.getvalue()]))
    assert refused(ds) is PixelReason.TOO_LARGE
    stuffed = radiograph(ramp(12), 12, syntax=RLELossless, PixelData=encapsulate([b"\0" * 500_000]))
    assert refused(stuffed) is PixelReason.TOO_LARGE


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless, JPEGBaseline8Bit, JPEGLosslessSV1])
def test_broken_codestreams_are_refused(syntax):
    ds = radiograph(ramp(12), 12, syntax=syntax, PixelData=encapsulate([b"\xff\xd8 no picture at all"]))
    assert refused(ds) is PixelReason.UNREADABLE_PIXELS


def test_text_that_a_window_hides_stands_out_in_the_search_picture():
    stored = ramp(12) // 4
    stored[12:15, 40:43] = 4095
    ds = radiograph(stored, 12, WindowCenter="300", WindowWidth="600")
    assert np.ptp(read_radiograph(ds).grey[10:20, 39:52]) == 0, "white on white"
    search = read_radiograph(ds).search_picture
    assert search.dtype == np.uint8
    assert search[13, 41] == 255
    assert search[13, 44] < 223


NATIVE = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]


@pytest.mark.parametrize("syntax", [*NATIVE, RLELossless, JPEG2000Lossless])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_what_is_blacked_out_is_black_in_the_file_and_every_other_pixel_stays(syntax, photometric):
    ds = radiograph(ramp(12), 12, syntax=syntax if syntax in NATIVE else ExplicitVRLittleEndian)
    ds.PhotometricInterpretation, ds.LargestImagePixelValue = photometric, 4095
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    if syntax not in NATIVE:
        ds.compress(syntax, generate_instance_uid=False)
    ds = through_a_file(ds)
    read_radiograph(ds).blacked_out([Box(5, 10, 15, 30), Box(30, 0, 40, 4)]).write_into(ds)
    ds = through_a_file(ds)
    expected = ramp(12)
    for place in (np.s_[5:15, 10:30], np.s_[30:40, 0:4]):
        expected[place] = 4095 if photometric == "MONOCHROME1" else 0
        assert not read_pixels(ds)[place].any()
    assert np.array_equal(ds.pixel_array, expected)
    assert ds.file_meta.TransferSyntaxUID == (syntax if syntax in NATIVE else ExplicitVRLittleEndian)
    assert ds.ImageType == ["DERIVED", "PRIMARY"]
    assert "LargestImagePixelValue" not in ds, "it may be what was blacked out"


@pytest.mark.parametrize("stored", [ramp(8).astype(np.uint8), ramp(12).astype(np.int16) - 2048])
def test_signed_and_eight_bit_pixels_are_written_back_as_they_were(stored):
    ds = radiograph(stored, 8 if stored.dtype == np.uint8 else 12)
    read_radiograph(ds).blacked_out([]).write_into(ds)
    assert np.array_equal(through_a_file(ds).pixel_array, stored)


@pytest.mark.skipif(not shutil.which("dcmj2pnm"), reason="needs the Debian package dcmtk")
def test_grey_is_that_of_an_independent_renderer(shared_data, tmp_path):
    """DCMTK's rendering, window and MONOCHROME1 included, agrees but for our stretch to 0..1."""
    for file in sorted((shared_data / "dicom" / "chest").glob("*.dcm")):
        if "J2KI" in file.name:
            continue  # Debian's DCMTK does not read JPEG 2000
        picture = tmp_path / "picture.pgm"
        how = ["+Wi", "1"] if "WindowWidth" in pydicom.dcmread(file, stop_before_pixels=True) else ["+Wm"]
        subprocess.run(["dcmj2pnm", "+Ma", *how, str(file), str(picture)], capture_output=True, check=True)
        theirs = np.asarray(Image.open(picture), dtype=float)
        ours = read_pixels(pydicom.dcmread(file))
        assert theirs.shape == ours.shape
        assert np.corrcoef(theirs.ravel()[::7], ours.ravel()[::7])[0, 1] > 0.98, file.name


def test_stored_values_are_those_of_an_independent_decoder(shared_data):
    gdcm = pytest.importorskip("gdcm")
    for file in sorted((shared_data / "dicom" / "chest").glob("*.dcm")):
        reader = gdcm.ImageReader()
        reader.SetFileName(str(file))
        assert reader.Read()
        buffer = reader.GetImage().GetBuffer().encode("utf-8", "surrogateescape")
        ds = pydicom.dcmread(file)
        theirs = np.frombuffer(buffer, np.uint8 if ds.BitsAllocated == 8 else "<u2").reshape(ds.Rows, ds.Columns)
        ours = read_radiograph(ds).index
        difference = np.abs(ours.astype(int) - theirs)
        assert difference.max() <= (1 if "Jpeg" in file.name or ds.BitsAllocated == 8 else 0), file.name


def test_real_radiographs_show_a_chest(shared_data):
    files = sorted((shared_data / "dicom" / "chest").glob("*.dcm"))
    assert len(files) == 7
    for file in files:
        picture = read_pixels(pydicom.dcmread(file))
        assert picture.min() == 0
        assert picture.max() == 1
        rows, columns = picture.shape
        spine = picture[rows // 3 : rows // 2, int(columns * 0.47) : int(columns * 0.53)].mean()
        lungs = picture[rows // 4 : rows // 2, [int(columns * 0.3), int(columns * 0.7)]].mean()
        # The header of one file says MONOCHROME1 of a MONOCHROME2 picture; headers are believed.
        assert (spine > lungs) == (file.name != "xrv_Fake_MONOHR1.dcm"), file.name

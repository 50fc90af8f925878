"""A published picture has the grey of a DICOM file with the same pixels, and what is none is refused in one word."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from components.errors import RefusedInputError
from components.imaging import PixelReason, read_picture, read_pixels


def _picture(dtype: type[np.integer]) -> np.ndarray:
    """A ramp over a quarter of the range, [96, 64]."""
    top = np.iinfo(dtype).max // 4
    return np.linspace(20, top, 96 * 64).reshape(96, 64).astype(dtype)


def _as_dicom(pixels: np.ndarray, photometric: str) -> FileDataset:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    bits = pixels.dtype.itemsize * 8
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, photometric, 0
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_grey_is_that_of_a_dicom_file_with_the_same_pixels(
    dtype: type[np.integer], photometric: str, tmp_path: Path
) -> None:
    pixels = _picture(dtype)
    Image.fromarray(pixels).save(tmp_path / "one.png")
    grey = read_picture(tmp_path / "one.png", inverted=photometric == "MONOCHROME1")
    assert grey.dtype == np.float32
    assert (grey == read_pixels(_as_dicom(pixels, photometric))).all()


def test_colours_and_jpeg_become_grey(tmp_path: Path) -> None:
    picture = Image.fromarray(_picture(np.uint8))
    picture.convert("RGBA").save(tmp_path / "colour.png")
    picture.save(tmp_path / "grey.jpg", quality=95)
    picture.save(tmp_path / "grey.png")
    grey = read_picture(tmp_path / "grey.png")
    assert (read_picture(tmp_path / "colour.png") == grey).all()
    assert abs(read_picture(tmp_path / "grey.jpg") - grey).max() < 0.06


def test_what_is_no_sound_picture_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "one.png"
    Image.effect_noise((200, 200), 60).save(file)
    whole = file.read_bytes()
    small = tmp_path / "small.png"
    Image.new("L", (8, 200)).save(small)
    for content, reason in [
        (whole[:5000], PixelReason.TRUNCATED),
        (b"GIF89a" + whole, PixelReason.UNREADABLE_PIXELS),
        (b"", PixelReason.UNREADABLE_PIXELS),
        (small.read_bytes(), PixelReason.UNREADABLE_PIXELS),
    ]:
        file.write_bytes(content)
        with pytest.raises(RefusedInputError) as refused:
            read_picture(file)
        assert refused.value.reason is reason
    file.write_bytes(whole)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 15_000)  # PIL's own bound, met before ours when a header lies
    with pytest.raises(RefusedInputError) as refused:
        read_picture(file)
    assert refused.value.reason is PixelReason.TOO_LARGE


def test_a_picture_that_only_announces_its_size_is_not_unpacked(tmp_path: Path) -> None:
    file = tmp_path / "bomb.png"
    Image.new("L", (8000, 5001)).save(file)
    with pytest.raises(RefusedInputError) as refused:
        read_picture(file)
    assert refused.value.reason is PixelReason.TOO_LARGE

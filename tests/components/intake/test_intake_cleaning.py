"""Pixels on their way in: burned-in text is gone afterwards, real files keep their picture, hostile ones do no harm."""

import io
import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from components.deidentify import Box, Pseudonymiser
from components.deidentify._ocr import read_lines
from components.errors import RefusedInputError
from components.imaging import PixelWarning, read_pixels, read_radiograph
from components.intake import ImageTools, Reason, prepare_image
from components.settings import BurnedIn, DeidentifySettings, ImagingSettings

BURNED = "0_ORIGINAL_compressed.dcm"
WORDS = ("DAVIDSON", "DOUGLAS", "DOB", "01.09.2012", "06.16.1976", "1976", "2012")
MARKERS = ("Semi", "Portable")


def tools(**settings) -> ImageTools:
    return ImageTools(
        pseudonymiser=Pseudonymiser(b"k" * 32, max_shift_days=365),
        deidentify=DeidentifySettings(**settings),
        imaging=ImagingSettings(size=128),
        site="local",
    )


def stored(path: Path, **settings):
    prepared = prepare_image(path, tools(**settings), set())
    return prepared, pydicom.dcmread(io.BytesIO(prepared.dicom))


@pytest.fixture(scope="module")
def cleaned(shared_data):
    return stored(shared_data / "dicom" / "chest" / BURNED)[1]


def words_read(picture: np.ndarray) -> str:
    return " ".join(line.text for line in read_lines(picture, Box(0, 0, *picture.shape), scale=0.6))


def test_our_reader_finds_no_word_of_the_burned_in_text_and_every_marker(cleaned, shared_data):
    before = read_radiograph(pydicom.dcmread(shared_data / "dicom" / "chest" / BURNED)).search_picture
    assert "DAVIDSON" in words_read(before), "the reader can read it where it stands"
    after = words_read(read_radiograph(cleaned).search_picture)
    assert not [word for word in WORDS if word in after]
    assert all(marker in after for marker in MARKERS)


@pytest.mark.skipif(not shutil.which("tesseract"), reason="needs the Debian package tesseract-ocr")
def test_another_reader_finds_no_word_of_it_either(cleaned, shared_data, tmp_path):
    def read(ds) -> str:
        grey = (read_pixels(ds) * 255).astype(np.uint8)
        texts = []
        for name, picture in (("whole", grey), ("corner", np.repeat(np.repeat(grey[:200, :1000], 2, 0), 2, 1))):
            Image.fromarray(picture).save(tmp_path / f"{name}.png")
            command = ["tesseract", str(tmp_path / f"{name}.png"), "-", "--psm", "11"]
            texts.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        return " ".join(texts)

    assert "DAVIDSON" in read(pydicom.dcmread(shared_data / "dicom" / "chest" / BURNED))
    after = read(cleaned)
    assert not [word for word in WORDS if word in after]


def test_only_the_text_went_black_and_the_file_says_so(cleaned, shared_data):
    before = pydicom.dcmread(shared_data / "dicom" / "chest" / BURNED)
    changed = cleaned.pixel_array != before.pixel_array
    rows, columns = np.nonzero(changed)
    assert changed.mean() < 0.05
    middle = (rows > 0.2 * before.Rows) & (rows < 0.8 * before.Rows)
    assert not (middle & (columns > 0.2 * before.Columns) & (columns < 0.8 * before.Columns)).any()
    assert cleaned.BurnedInAnnotation == "NO"
    assert "113101" in [code.CodeValue for code in cleaned.DeidentificationMethodCodeSequence]
    assert cleaned.ImageType[0] == "DERIVED"
    assert cleaned.file_meta.TransferSyntaxUID == ExplicitVRLittleEndian
    assert (cleaned.Rows, cleaned.Columns, cleaned.BitsStored) == (before.Rows, before.Columns, before.BitsStored)


def test_all_real_radiographs_come_in_and_those_without_text_keep_every_pixel(shared_data):
    files = sorted((shared_data / "dicom" / "chest").glob("*.dcm"))
    assert len(files) == 7
    untouched = 0
    for file in files:
        prepared, after = stored(file)
        before = pydicom.dcmread(file)
        assert after.PhotometricInterpretation == before.PhotometricInterpretation
        share = (after.pixel_array != before.pixel_array).mean()
        assert share < 0.06, file.name
        untouched += share == 0
        assert Image.open(io.BytesIO(prepared.picture)).size == (128, 128)
    assert untouched >= 3


def test_text_can_be_refused_instead(shared_data):
    with pytest.raises(RefusedInputError) as refusal:
        stored(shared_data / "dicom" / "chest" / BURNED, burned_in=BurnedIn.REFUSE)
    assert refusal.value.reason == Reason.BURNED_IN_TEXT


def test_a_header_that_announces_text_where_none_is_goes_to_a_person(put_image):
    with pytest.raises(RefusedInputError) as refusal:
        stored(put_image(BurnedInAnnotation="YES"))
    assert refusal.value.reason == Reason.BURNED_IN_TEXT
    assert stored(put_image(ConversionType="SD"))[1].BurnedInAnnotation == "NO", (
        "a copy is read, and nothing stands in it"
    )


def test_a_window_that_shows_nothing_is_told(put_image):
    prepared, _ = stored(put_image(WindowCenter="60000", WindowWidth="1"))
    assert prepared.warnings == (PixelWarning.WINDOW_PASSED_OVER,)


# --- hostile pixels ---

MEMORY = 400 << 20  # bytes beyond what the program itself takes
PROGRAM = """
import json, resource, sys
from pathlib import Path
import psutil
from components.deidentify import Pseudonymiser
from components.errors import RefusedInputError
from components.intake import ImageTools, prepare_image
from components.settings import DeidentifySettings, ImagingSettings
tools = ImageTools(pseudonymiser=Pseudonymiser(b"k" * 32, max_shift_days=365), deidentify=DeidentifySettings(),
                   imaging=ImagingSettings(size=64), site="local")
prepare_image(Path(sys.argv[2]), tools, set())  # decoders are loaded
limit = psutil.Process().memory_info().vms + int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
reasons = {}
for name in sys.argv[3:]:
    try:
        prepare_image(Path(name), tools, set())
        reasons[Path(name).stem] = "taken"
    except RefusedInputError as refusal:
        reasons[Path(name).stem] = str(refusal.reason)
print(json.dumps(reasons))
"""


def compressed(radiograph, syntax, change=lambda frame: frame, **changes):
    ds = radiograph()
    ds.compress(syntax, generate_instance_uid=False)
    ds.PixelData = encapsulate([change(next(generate_frames(ds.PixelData, number_of_frames=1)))])
    ds["PixelData"].is_undefined_length = True
    for keyword, value in changes.items():
        setattr(ds, keyword, value)
    return ds


def resized(*, width: int, height: int, samples: int = 1):
    """A JPEG 2000 codestream whose size marker says something else."""
    return lambda frame: (
        frame[:8] + struct.pack(">2I", width, height) + frame[16:40] + struct.pack(">H", samples) + frame[42:]
    )


def swollen(frame: bytes) -> bytes:
    """An RLE frame whose first segment unpacks to 128 million bytes."""
    return struct.pack("<16L", 1, 64, *[0] * 14) + b"\x81A" * 1_000_000


def test_hostile_pixels_end_with_their_reason_in_little_memory(radiograph, tmp_path):
    empty = b"\0" * 128
    bombs = {
        "too_large": radiograph(Rows=60_000, Columns=60_000, PixelData=empty),
        "too_large-jpeg2000": compressed(
            radiograph, JPEG2000Lossless, resized(width=60_000, height=60_000), Rows=60_000, Columns=60_000
        ),
        "unreadable_pixels-jpeg2000": compressed(radiograph, JPEG2000Lossless, resized(width=60_000, height=60_000)),
        "unreadable_pixels-samples": compressed(
            radiograph, JPEG2000Lossless, resized(width=48, height=64, samples=16_384)
        ),
        "unreadable_pixels-rle": compressed(radiograph, RLELossless, Rows=6_000, Columns=6_000),
        "too_large-swollen": compressed(radiograph, RLELossless, swollen),
        "multi_frame": radiograph(NumberOfFrames=100_000),
        "unreadable_pixels-bits": radiograph(BitsAllocated=64, BitsStored=64, HighBit=63),
        "unreadable_pixels-one": radiograph(BitsAllocated=1, BitsStored=1, HighBit=0),
        "truncated": radiograph(Rows=640, Columns=480),
        "unreadable_pixels-rows": radiograph(Rows=0),
    }
    paths = []
    for name, ds in {"good": compressed(radiograph, JPEG2000Lossless), **bombs}.items():
        paths.append(tmp_path / f"{name}.dcm")
        try:
            pydicom.dcmwrite(paths[-1], ds, enforce_file_format=True)
        except Exception:
            paths.pop()
            raise
    command = [sys.executable, "-c", PROGRAM, str(MEMORY), *map(str, paths)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    reasons = json.loads(done.stdout)
    assert reasons == {name: name.split("-")[0] for name in bombs}

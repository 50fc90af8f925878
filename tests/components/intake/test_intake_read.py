"""Reading within bounds: nothing in a file hangs, fills memory or ends the run otherwise than with a reason."""

import io
import tracemalloc
import zlib

import pydicom
import pytest
from pydicom.uid import DeflatedExplicitVRLittleEndian

from components.deidentify import deidentify_dataset
from components.errors import RefusedInputError
from components.intake import Reason, read_dicom
from components.settings import DeidentifySettings


def bytes_of(ds) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def test_cut_off_anywhere_a_file_is_refused_and_never_breaks_the_reader(radiograph, tmp_path):
    content = bytes_of(radiograph())
    path = tmp_path / "cut.dcm"
    for length in (*range(0, 1200, 37), len(content) - 1000, len(content) - 1):
        path.write_bytes(content[:length])
        try:
            ds = read_dicom(path)
        except RefusedInputError as refusal:
            assert refusal.reason in (Reason.TRUNCATED, Reason.NOT_DICOM, Reason.BAD_HEADER)
        else:
            assert "PixelData" not in ds, "cut between two elements"


def test_bytes_turned_at_random_never_break_the_reader(radiograph, tmp_path):
    content = bytes_of(radiograph())
    path = tmp_path / "noise.dcm"
    for place in range(0, 900, 11):
        path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
        try:
            read_dicom(path)
        except RefusedInputError as refusal:
            assert isinstance(refusal.reason, Reason)


def test_a_deflate_bomb_is_refused_without_being_inflated(radiograph, tmp_path):
    ds = radiograph()
    ds.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    content = bytes_of(ds)
    meta_end = 144 + int.from_bytes(content[140:144], "little")
    packer = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    bomb = packer.compress(bytes(64 << 20)) + packer.flush()
    path = tmp_path / "bomb.dcm"
    path.write_bytes(content[:meta_end] + bomb)
    tracemalloc.start()
    with pytest.raises(RefusedInputError) as refusal:
        read_dicom(path, max_bytes=8 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.reason is Reason.TOO_LARGE
    assert peak < 24 << 20
    path.write_bytes(content)
    assert read_dicom(path).Modality == "CR"


def test_a_huge_private_element_stays_on_disk(hospital, radiograph, tmp_path):
    ds = radiograph()
    ds.private_block(0x0029, "MAKER", create=True).add_new(1, "OB", bytes(80 << 20))
    path = tmp_path / "huge.dcm"
    path.write_bytes(bytes_of(ds))
    del ds
    tracemalloc.start()
    safe = deidentify_dataset(read_dicom(path), hospital.pseudonymiser, DeidentifySettings())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "PixelData" in safe.dataset
    assert peak < 16 << 20


def test_sequences_nested_without_end_are_refused_or_read(radiograph, hospital):
    depth = b"\x08\x00\x15\x11SQ\x00\x00\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    content = bytes_of(radiograph())
    path = hospital.inbox / "deep.dcm"
    path.write_bytes(content[:-6500] + depth * 20_000)
    result = hospital.ingest()
    assert result.received == sum(result.quarantined.values()) == 1

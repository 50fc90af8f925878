"""Holds what is read of a received data set: its study in every encoding, and nothing that a hostile one can break."""

import io
import random
import tracemalloc
import zlib
from pathlib import Path

import pydicom
import pytest
from pydicom import Dataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from components.reception._head import study_and_instance

_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)


@pytest.mark.parametrize("syntax", _SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_study_and_instance_are_found_in_every_encoding(tmp_path: Path, syntax: UID) -> None:
    path = tmp_path / "data"
    path.write_bytes(b"ten bytes." + _encoded(_header(), syntax))
    assert study_and_instance(path, 10, syntax) == ("1.2.3", "4.5.6")


@pytest.mark.parametrize("syntax", _SYNTAXES, ids=lambda syntax: syntax.keyword)
def test_hostile_data_sets_break_nothing(tmp_path: Path, syntax: UID) -> None:
    chance, sound, path = random.Random(5), _encoded(_header(), syntax), tmp_path / "data"  # noqa: S311  # repeats itself
    for _ in range(150):
        broken = bytearray(sound)
        for _ in range(chance.randint(1, 20)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        path.write_bytes(bytes(broken[: chance.randint(0, len(broken))]))
        found = study_and_instance(path, 0, syntax)
        assert found is None or all(found)


def test_a_bomb_is_not_inflated(tmp_path: Path) -> None:
    path = tmp_path / "data"
    ds = _header()
    ds.add_new(0x00091010, "OB", bytes(300 << 20))
    path.write_bytes(_encoded(ds, DeflatedExplicitVRLittleEndian))
    del ds
    tracemalloc.start()
    assert study_and_instance(path, 0, DeflatedExplicitVRLittleEndian) is None
    assert tracemalloc.get_traced_memory()[1] < 32 << 20
    tracemalloc.stop()


def _header() -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet, ds.SOPInstanceUID, ds.PatientName = "ISO_IR 192", "4.5.6", "Markername^Hidden"
    ds.ReferencedStudySequence = [Dataset()]
    ds.ReferencedStudySequence[0].ReferencedSOPInstanceUID = "7.8.9"
    ds.StudyInstanceUID, ds.StudyID = "1.2.3", "9"
    return ds


def _encoded(ds: Dataset, syntax: UID) -> bytes:
    buffer = io.BytesIO()
    plain = {"implicit_vr": syntax.is_implicit_VR, "little_endian": syntax.is_little_endian}
    pydicom.dcmwrite(buffer, ds, **plain)
    if syntax != DeflatedExplicitVRLittleEndian:
        return buffer.getvalue()
    deflater = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return deflater.compress(buffer.getvalue()) + deflater.flush()

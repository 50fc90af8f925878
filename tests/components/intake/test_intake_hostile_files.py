"""Files that are no chest radiograph, or a broken one: each in quarantine for a reason that is true of it."""

import hashlib
from collections import defaultdict
from pathlib import Path

import pydicom
import pytest

from components.deidentify import quiet_dicom

# What is wrong with each, as its name, a DICOM dump or the eye says; all others are of another modality.
TRUE_REASONS = {
    "not_dicom": {"web_page", "empty"},
    "truncated": {"truncated_header", "truncated_pixels"},
    "bad_header": {"94c0_UN_sequence", "noise", "f0bb_ZeissOCT-cfind-query"},
    "bad_report": {
        "fea5_MarekLatin2", "6952_sr_document_with_multiple_groups", "e430_sr-circle", "c2d6_sr-circle",
        "da47_sr-ruler",
    },
    "no_pixels": {"059a_0_ORIGINAL_no_pixels", "abfb_chrJapMulti", "4022_chrJapMultiExplicitIR6", "chrKoreanMulti"},
    "not_chest": {"Issue56-NoPixelData", "3a81_CR000000"},
}  # fmt: skip


@pytest.fixture
def reasons(hospital, shared_data) -> dict[str, set[Path]]:
    """Reason → the files that ended under it, after one ingest of all."""
    folder = shared_data / "dicom" / "hostile"
    hospital.ingest(folder)
    by_hash = {hashlib.sha256(file.read_bytes()).hexdigest(): file for file in folder.iterdir()}
    found = defaultdict(set)
    for note in hospital.quarantine.rglob("*.json"):
        found[note.parent.name].add(by_hash[note.stem])
    assert sum(map(len, found.values())) == len(by_hash)
    return found


def test_each_reason_is_true(reasons):
    others = reasons.pop("wrong_modality")
    assert {reason: {file.stem for file in files} for reason, files in reasons.items()} == TRUE_REASONS
    with quiet_dicom():
        modalities = {file.stem: pydicom.dcmread(file, force=True).get("Modality", "") for file in others}
    assert not {name for name, modality in modalities.items() if modality in ("CR", "DX")}

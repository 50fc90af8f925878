"""One picture under two names is found, also when it was saved anew; two patients' pictures are not taken for one."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from components.quality import check_retraining, fingerprint, near_duplicates
from tests.components.quality.test_quality_drift import _manifest


def _picture(seed: int, side: int = 128) -> np.ndarray:
    """A smooth random picture: as coarse in structure as a chest radiograph."""
    noise = np.random.default_rng(seed).integers(0, 256, (24, 24), dtype=np.uint8)
    large = Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)
    return np.asarray(large.filter(ImageFilter.GaussianBlur(2)))


def _saved_anew(picture: np.ndarray) -> np.ndarray:
    """Three quarters of the size, another gamma, JPEG of quality 50."""
    file = BytesIO()
    bent = (255 * (picture / 255) ** 1.3).astype(np.uint8)
    Image.fromarray(bent).resize((96, 96)).save(file, "JPEG", quality=50)
    return np.asarray(Image.open(file).convert("L"))


def test_a_picture_saved_anew_is_found_and_strangers_are_not() -> None:
    pictures = [_picture(seed) for seed in range(60)]
    prints = np.stack([fingerprint(picture) for picture in [*pictures, _saved_anew(pictures[7])]])
    assert near_duplicates(prints).tolist() == [[7, 60]]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 140))
def test_pairs_are_those_within_the_bound(seed: int, most_bits: int) -> None:
    rng = np.random.default_rng(seed)
    prints = rng.integers(0, 256, (12, 128), dtype=np.uint8)
    prints[5] = prints[2]
    prints[5, :10] ^= rng.integers(0, 256, 10, dtype=np.uint8)
    apart = np.bitwise_count(prints[:, None] ^ prints[None]).sum(-1)
    expected = [[i, j] for i in range(12) for j in range(i + 1, 12) if apart[i, j] <= most_bits]
    assert near_duplicates(prints, most_bits=most_bits).tolist() == expected


def test_pairs_are_found_from_block_to_block(monkeypatch: pytest.MonkeyPatch) -> None:
    prints = np.random.default_rng(0).integers(0, 256, (11, 128), dtype=np.uint8)
    prints[[9, 4, 10]] = prints[0]
    whole = near_duplicates(prints).tolist()
    monkeypatch.setattr("components.quality._duplicates._BLOCK", 3)
    assert near_duplicates(prints).tolist() == whole == [[0, 4], [0, 9], [0, 10], [4, 9], [4, 10], [9, 10]]


@pytest.mark.parametrize(
    ("row", "name", "critical"),
    [(3, "pictures: one patient a picture", False), (1, "pictures: one side a picture", True)],
)
def test_one_picture_under_two_identities_is_told_and_on_two_sides_it_is_critical(
    row: int, name: str, critical: bool
) -> None:
    manifest = _manifest().iloc[:60]
    pictures = [_picture(seed) for seed in range(60)]
    pictures[row] = _saved_anew(pictures[0])
    report = check_retraining(manifest, pictures=pictures)
    failed = [result.name for result in report.results if not result.passed and result.name.startswith("pictures")]
    assert name in failed
    assert bool(report.failures) is critical


def test_two_versions_of_the_labeller_in_one_snapshot_are_critical() -> None:
    report = check_retraining(_manifest().iloc[:60], labelers=["labeler 1", "labeler 2"])
    assert [result.name for result in report.failures] == ["labels: one version of the labeller"]
    assert "take the reports in again" in report.failures[0].sentence

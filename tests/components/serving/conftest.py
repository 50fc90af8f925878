"""A tiny model as a checked bundle: two versions of it, alike in all but their weights."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import torch

from components.evaluation import Calibration
from components.findings import FINDINGS, Finding
from components.imaging import PREPROCESSING_VERSION
from components.models import ModelConfig, StudyNet, save_model
from components.promotion import Preprocessing, write_bundle
from components.settings import Architecture

SIZE = 64
SNAPSHOT = "5" * 64
_UNCALIBRATED = Calibration()
MakeBundle = Callable[..., Path]


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory: pytest.TempPathFactory) -> MakeBundle:
    """Makes a bundle of random weights by seed; every threshold .3, but none for fracture."""

    def make(
        seed: int = 0,
        *,
        preprocessing: str = PREPROCESSING_VERSION,
        duo: bool = False,
        calibration: Calibration = _UNCALIBRATED,
    ) -> Path:
        torch.manual_seed(seed)
        folder = tmp_path_factory.mktemp("bundle")
        config = ModelConfig(members=(Architecture.MOBILENETV2,), image_size=SIZE, dropout=0.2, duo=duo)
        save_model(StudyNet(config), folder / "model")
        thresholds: dict[Finding, float | None] = dict.fromkeys(FINDINGS, 0.3)
        return write_bundle(
            folder / "bundle",
            folder / "model",
            site="local",
            thresholds={**thresholds, Finding.FRACTURE: None},
            calibration=calibration,
            preprocessing=Preprocessing(version=preprocessing, size=96, crop_borders=True),
            labeler_version="rules-1",
            snapshot_hash=SNAPSHOT,
            base_version=None,
            code_version="test",
            now=datetime(2024, 3, 1, tzinfo=UTC),
        )

    return make

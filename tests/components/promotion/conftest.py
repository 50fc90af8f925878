"""A tiny saved model that the tests of bundle and registry share."""

from datetime import UTC, datetime

import pytest

from components.findings import FINDINGS
from components.promotion import Preprocessing, write_bundle

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def save_tiny_model(folder, seed):
    import torch

    from components.models import ModelConfig, StudyNet, save_model
    from components.settings import Architecture

    torch.manual_seed(seed)
    model = StudyNet(ModelConfig(members=(Architecture.MOBILENETV2,), image_size=32, dropout=0.0))
    save_model(model.eval(), folder)
    return folder


@pytest.fixture(scope="session")
def make_bundle(tmp_path_factory):
    """Writes the bundle of a fresh tiny model and gives its folder."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    counter = iter(range(100))

    def make(seed=0, **changes):
        number = next(counter)
        folder = tmp_path_factory.mktemp("bundle")
        details = {
            "site": "local",
            "thresholds": {finding: 0.5 for finding in FINDINGS},
            "preprocessing": Preprocessing(version="1", size=32, crop_borders=True),
            "labeler_version": "7",
            "snapshot_hash": "ab" * 32,
            "base_version": None,
            "code_version": "test",
            "now": NOW,
        }
        return write_bundle(folder / f"bundle-{number}", save_tiny_model(folder / "model", seed), **details | changes)

    return make

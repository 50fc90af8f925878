"""Grad-CAM points to where the evidence is, for the finding asked, and disturbs nobody."""

import threading
from types import SimpleNamespace

import numpy as np
import pytest

from components.evaluation import grad_cam, overlay
from components.findings import FINDINGS, Finding

torch = pytest.importorskip("torch")


class BrightSpotEnsemble(torch.nn.Module):
    """Two members that look for bright spots: edema is more of them, fracture is fewer, all else is blind.

    The second member is blind to everything: its map is empty and must not disturb the mean.
    """

    def __init__(self):
        super().__init__()
        self.config = SimpleNamespace(image_size=64)
        convolutions = [torch.nn.Conv2d(1, 2, 5, stride=4, padding=2) for _ in range(2)]
        self.layers = torch.nn.ModuleList(torch.nn.Sequential(layer, torch.nn.ReLU()) for layer in convolutions)
        self.heads = torch.nn.ModuleList(torch.nn.Linear(2, 14) for _ in range(2))
        for parameter in self.parameters():
            torch.nn.init.zeros_(parameter)
        convolutions[0].weight.data[0] = 1 / 25
        convolutions[0].bias.data[0] = -2.0
        self.heads[0].weight.data[FINDINGS.index(Finding.EDEMA), 0] = 1.0
        self.heads[0].weight.data[FINDINGS.index(Finding.FRACTURE), 0] = -1.0

    def feature_layers(self):
        return list(self.layers)

    def forward(self, inputs):
        both = zip(self.layers, self.heads, strict=True)
        return torch.stack([head(layer(inputs).mul_(2).mean(dim=(2, 3))) for layer, head in both])


def picture_with_spot(row, column, side=64):
    rows, columns = np.mgrid[:side, :side]
    return np.where((rows - row) ** 2 + (columns - column) ** 2 < 40, 250, 20).astype(np.uint8)


@pytest.mark.parametrize(("row", "column"), [(16, 48), (40, 20)])
def test_the_hottest_place_is_where_the_evidence_is(row, column):
    heat = grad_cam(BrightSpotEnsemble().eval(), picture_with_spot(row, column), Finding.EDEMA)
    assert (heat.shape, heat.dtype) == ((64, 64), np.float32)
    assert (heat.min(), heat.max()) == (0, 1)
    found_row, found_column = np.unravel_index(heat.argmax(), heat.shape)
    assert abs(found_row - row) <= 4
    assert abs(found_column - column) <= 4
    near = heat[row - 12 : row + 12, column - 12 : column + 12].sum()
    assert near > 0.9 * heat.sum()


def test_evidence_against_a_finding_and_blindness_give_no_heat():
    model, picture = BrightSpotEnsemble().eval(), picture_with_spot(16, 48)
    assert not grad_cam(model, picture, Finding.FRACTURE).any()
    assert not grad_cam(model, picture, Finding.PNEUMONIA).any()


@pytest.fixture(scope="module")
def solonet():
    from components.models import ModelConfig, SoloNet
    from components.settings import Architecture

    torch.set_num_threads(1)
    torch.manual_seed(0)
    members = (Architecture.MOBILENETV2, Architecture.DENSENET121)
    return SoloNet(ModelConfig(members=members, image_size=64, dropout=0.0)).eval()


def test_the_real_ensemble_is_mapped_at_the_pictures_own_size(solonet):
    picture = np.random.default_rng(0).integers(0, 256, (96, 96), dtype=np.uint8)
    heat = grad_cam(solonet, picture, Finding.PNEUMOTHORAX)
    assert heat.shape == (96, 96)
    assert heat.max() in (0, 1)
    assert np.isfinite(heat).all()
    assert not any(layer._forward_hooks for layer in solonet.feature_layers())
    assert all(parameter.grad is None for parameter in solonet.parameters())


def test_predictions_in_other_threads_change_no_map(solonet):
    from components.models import prepare

    picture = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    alone = grad_cam(solonet, picture, Finding.EDEMA)
    stop = threading.Event()

    def predict_on():
        others = prepare(torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8), 64)
        with torch.inference_mode():
            while not stop.is_set():
                solonet.probabilities(others)

    thread = threading.Thread(target=predict_on)
    thread.start()
    try:
        for _ in range(3):
            np.testing.assert_allclose(grad_cam(solonet, picture, Finding.EDEMA), alone, atol=1e-5)
    finally:
        stop.set()
        thread.join()


def test_the_overlay_leaves_cold_places_grey():
    picture = np.full((8, 8), 100, dtype=np.uint8)
    heat = np.zeros((8, 8), dtype=np.float32)
    heat[0, 0] = 1
    laid_over = overlay(picture, heat)
    assert (laid_over.shape, laid_over.dtype) == ((8, 8, 3), np.uint8)
    assert (laid_over[1:] == 100).all()
    assert laid_over[0, 0].tolist() == [191, 193, 138]

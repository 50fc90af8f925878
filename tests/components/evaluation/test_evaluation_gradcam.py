"""Grad-CAM points to where the evidence is, in either view, for each finding asked, and disturbs nobody."""

import threading

import numpy as np
import pytest
import torch

from components.evaluation import grad_cam, grad_cams, overlay
from components.findings import Finding
from tests.components.evaluation.looking_models import LookingNet, spot


def hottest(heat):
    return np.unravel_index(heat.argmax(), heat.shape)


@pytest.mark.parametrize(("row", "column"), [(16, 48), (40, 20)])
def test_the_hottest_place_is_where_the_evidence_is(row, column):
    heat = grad_cam(LookingNet(), spot(row, column), Finding.EDEMA)
    assert (heat.shape, heat.dtype) == ((64, 64), np.float32)
    assert (heat.min(), heat.max()) == (0, 1)
    np.testing.assert_allclose(hottest(heat), (row, column), atol=4)
    near = heat[row - 12 : row + 12, column - 12 : column + 12].sum()
    assert near > 0.9 * heat.sum()


def test_evidence_against_a_finding_and_blindness_give_no_heat():
    model, picture = LookingNet(), spot(16, 48)
    assert not grad_cam(model, picture, Finding.FRACTURE).any()
    assert not grad_cam(model, picture, Finding.PNEUMONIA).any()


def test_many_pictures_and_findings_at_once_are_as_one_by_one():
    model, findings = LookingNet(), (Finding.PNEUMONIA, Finding.EDEMA, Finding.FRACTURE)
    pictures = np.stack([spot(16, 48), spot(40, 20), np.full((64, 64), 20, np.uint8), spot(30, 30), spot(50, 50)])
    heat = grad_cams(model, pictures, findings, batch_size=2)
    assert heat.lateral is None
    assert heat.frontal.shape == (5, 3, 64, 64)
    for picture, maps in zip(pictures, heat.frontal, strict=True):
        for finding, found in zip(findings, maps, strict=True):
            np.testing.assert_allclose(found, grad_cam(model, picture, finding), atol=1e-6)


def test_both_views_are_explained_on_one_scale_where_both_are_judged():
    frontal, lateral = spot(16, 48)[None], spot(44, 12)[None]
    heat = grad_cams(LookingNet(lateral=0.5), frontal, (Finding.EDEMA,), lateral=lateral)
    np.testing.assert_allclose(hottest(heat.frontal[0, 0]), (16, 48), atol=4)
    np.testing.assert_allclose(hottest(heat.lateral[0, 0]), (44, 12), atol=4)
    assert heat.frontal.max() == 1
    assert heat.lateral.max() == pytest.approx(0.5, abs=0.02), "it counts half as much"


def test_a_model_that_answers_by_the_mirror_image_too_is_explained_by_both():
    model, frontal, lateral = LookingNet(lateral=0.5, test_time_flip=True), spot(16, 49)[None], spot(44, 12)[None]
    heat = grad_cams(model, frontal, (Finding.EDEMA,), lateral=lateral)
    mirrored = grad_cams(model, frontal[..., ::-1], (Finding.EDEMA,), lateral=lateral[..., ::-1])
    alone = grad_cams(LookingNet(lateral=0.5), frontal, (Finding.EDEMA,), lateral=lateral)
    for ours, theirs, once in (
        (heat.frontal, mirrored.frontal, alone.frontal),
        (heat.lateral, mirrored.lateral, alone.lateral),
    ):
        np.testing.assert_allclose(ours, theirs[..., ::-1], atol=1e-6)
        assert not np.allclose(ours, once)
        np.testing.assert_allclose(hottest(ours[0, 0]), hottest(once[0, 0]), atol=4)
    assert heat.frontal.max() == 1
    assert heat.lateral.max() == pytest.approx(0.5, abs=0.05)


def test_a_lateral_that_the_model_does_not_look_at_has_no_heat():
    heat = grad_cams(LookingNet(), spot(16, 48)[None], (Finding.EDEMA,), lateral=spot(44, 12)[None])
    assert heat.lateral is None
    np.testing.assert_array_equal(heat.frontal[0, 0], grad_cam(LookingNet(), spot(16, 48), Finding.EDEMA))


@pytest.fixture(scope="module")
def studynet():
    from components.models import ModelConfig, StudyNet
    from components.settings import Architecture

    torch.set_num_threads(1)
    torch.manual_seed(0)
    members = (Architecture.MOBILENETV2, Architecture.DENSENET121)
    return StudyNet(ModelConfig(members=members, duo=True, image_size=64, dropout=0.0)).eval()


def test_the_real_ensemble_is_mapped_at_the_pictures_own_size(studynet):
    pictures = np.random.default_rng(0).integers(0, 256, (3, 96, 96), dtype=np.uint8)
    heat = grad_cams(studynet, pictures, (Finding.PNEUMOTHORAX, Finding.EDEMA), lateral=pictures[::-1].copy())
    for view in (heat.frontal, heat.lateral):
        assert view.shape == (3, 2, 96, 96)
        assert np.isfinite(view).all()
    assert set(np.maximum(heat.frontal, heat.lateral).max(axis=(2, 3)).ravel()) <= {0, 1}
    assert not any(module._forward_hooks for module in studynet.modules())
    assert all(parameter.grad is None for parameter in studynet.parameters())


def test_a_batch_of_the_real_ensemble_is_as_one_by_one(studynet):
    pictures = np.random.default_rng(2).integers(0, 256, (3, 64, 64), dtype=np.uint8)
    together = grad_cams(studynet, pictures, (Finding.EDEMA,)).frontal[:, 0]
    for picture, found in zip(pictures, together, strict=True):
        np.testing.assert_allclose(found, grad_cam(studynet, picture, Finding.EDEMA), atol=1e-4)


def test_predictions_in_other_threads_change_no_map(studynet):
    from components.models import prepare

    picture = np.random.default_rng(1).integers(0, 256, (64, 64), dtype=np.uint8)
    alone = grad_cam(studynet, picture, Finding.EDEMA)
    stop = threading.Event()

    def predict_on():
        others = prepare(torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8), 64)
        with torch.inference_mode():
            while not stop.is_set():
                studynet.probabilities(others)

    thread = threading.Thread(target=predict_on)
    thread.start()
    try:
        for _ in range(3):
            np.testing.assert_allclose(grad_cam(studynet, picture, Finding.EDEMA), alone, atol=1e-5)
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

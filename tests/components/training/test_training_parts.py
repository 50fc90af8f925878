"""Holds: the loss, the augmentation, the learning rate and the validation figure are what their words say."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from components.settings import AugmentationSettings, TrainingSettings
from components.training._augment import augment, draw
from components.training._average import Average
from components.training._loss import ensemble_loss, positive_weights
from components.training._objective import mean_auc
from components.training._optimizer import learning_rate, make_optimizer

_PUBLISHED_AND_LIT = AugmentationSettings(exposure=0.1)


def test_a_positive_weighs_as_negatives_to_positives_but_at_most_ten() -> None:
    targets = torch.zeros(100, 14)
    targets[:20, 0], targets[:1, 1], targets[:, 2] = 1, 1, 1
    weights = torch.ones(100, 14)
    weights[20:60, 0] = 0
    found = positive_weights(targets, weights, limit=10)
    assert found[:4].tolist() == pytest.approx([2.0, 10.0, 0.1, 1.0])


def test_an_ignored_cell_is_no_matter_and_members_add_up() -> None:
    logits, targets, weights = torch.randn(2, 5, 14), torch.randint(0, 2, (5, 14)).float(), torch.ones(5, 14)
    weights[3] = 0
    one = torch.ones(14)
    whole = ensemble_loss(logits, targets, weights, positive=one)
    targets[3] = 1 - targets[3]
    assert torch.equal(ensemble_loss(logits, targets, weights, positive=one), whole)
    alone = [ensemble_loss(logits[m : m + 1], targets, weights, positive=one) for m in range(2)]
    assert float(whole) == pytest.approx(float(sum(alone)), rel=1e-5)


def test_a_batch_of_ignored_cells_gives_no_loss() -> None:
    zero = torch.zeros(2, 14)
    assert float(ensemble_loss(torch.randn(1, 2, 14), zero, zero, positive=torch.ones(14))) == 0


def test_augmentation_flips_half_turns_half_and_repeats_by_seed() -> None:
    picture = torch.zeros(1, 1, 32, 32)
    picture[:, :, 8:24, 2:10] = 1  # a bar on the left
    batch = picture.repeat(400, 1, 1, 1)
    once, twice = (_varied(batch, black=0.0, seed=3) for _ in range(2))
    assert torch.equal(once, twice)
    right = once[..., 16:].sum(dim=(1, 2, 3)) > once[..., :16].sum(dim=(1, 2, 3))
    assert 150 < int(right.sum()) < 250
    upright = torch.where(right[:, None, None, None], once.flip(3), once)
    turned = (upright[:, 0, 12, 2:10].std(dim=1) > 0.02) | (upright[:, 0, 7, 2:10].std(dim=1) > 0.02)
    assert 150 < int(turned.sum()) < 250


def test_what_turns_in_from_outside_is_black() -> None:
    bright = torch.full((50, 1, 16, 16), 2.0)
    changed = _varied(bright, black=-2.0, seed=0)
    assert changed.min() < -1.5
    assert changed.max() < 2.5


def test_a_picture_is_moved_made_larger_and_lit_as_far_as_is_set() -> None:
    picture = torch.zeros(300, 1, 32, 32)
    picture[:, :, 8:24, 8:24] = 1
    still = AugmentationSettings(flip=0, rotate=0)
    assert torch.equal(_varied(picture, settings=still), picture)
    rows = torch.arange(32.0) - 15.5
    moved = _varied(picture, settings=still.model_copy(update={"shift": 0.1}))
    centre = (moved[:, 0].sum(dim=1) * rows).sum(dim=1) / moved[:, 0].sum(dim=(1, 2))
    assert 2.5 < float(centre.abs().max()) < 3.3  # a tenth of 32
    area = _varied(picture, settings=still.model_copy(update={"zoom": 0.2}))[:, 0].sum(dim=(1, 2)) / 256
    assert 1 / 1.2**2 - 0.05 < float(area.min()) < 0.8
    assert 1.3 < float(area.max()) < 1 / 0.8**2 + 0.05
    lit = _varied(picture, settings=still.model_copy(update={"exposure": 0.1}))
    assert 1.15 < float(lit.max()) <= 1.2
    assert -0.1 <= float(lit.min()) < -0.09


def _varied(
    batch: torch.Tensor,
    *,
    settings: AugmentationSettings = _PUBLISHED_AND_LIT,
    black: float = 0.0,
    seed: int = 0,
) -> torch.Tensor:
    drawn = draw(len(batch), 1, torch.Generator().manual_seed(seed))[:, 0]
    return augment(batch, drawn, settings=settings, black=black)


def test_a_cosine_rises_and_falls_and_a_constant_stays() -> None:
    cosine = TrainingSettings(schedule="cosine", learning_rate=0.01)
    course = [learning_rate(cosine, step, 100) for step in range(100)]
    assert course.index(max(course)) in (19, 20)
    assert max(course) == pytest.approx(0.01)
    assert course[-1] < 0.0002
    assert all(rate > 0 for rate in course)
    constant = TrainingSettings(learning_rate=0.01)
    assert {learning_rate(constant, step, 100) for step in range(100)} == {0.01}
    assert learning_rate(cosine, 0, 1) > 0


def test_norms_and_biases_do_not_decay() -> None:
    network = torch.nn.Sequential(torch.nn.Linear(3, 3), torch.nn.BatchNorm1d(3))
    before = {name: value.clone() for name, value in network.state_dict().items()}
    for optimizer in ("sgd", "adamw"):
        settings = TrainingSettings(optimizer=optimizer, weight_decay=0.5, learning_rate=0.1)
        for parameter in network.parameters():
            parameter.grad = torch.zeros_like(parameter)
        make_optimizer(network, settings).step()
    after = network.state_dict()
    assert torch.allclose(after["0.weight"], before["0.weight"] * 0.95**2)
    assert all(torch.equal(after[name], before[name]) for name in ("0.bias", "1.weight", "1.bias"))


def test_the_moving_average_follows_weights_at_first_faster_and_has_batch_norm_s_own() -> None:
    network = torch.nn.BatchNorm1d(1)
    average = Average(network, decay=0.5)
    for step, value in enumerate((1.0, 2.0, 3.0, 4.0)):
        network.running_mean.fill_(value)
        network.weight.data.fill_(value)
        network.num_batches_tracked.fill_(step)
        average.follow(network, step)
    expected = 1.0  # as a batch norm's weight begins
    for step, value in enumerate((1.0, 2.0, 3.0, 4.0)):
        share = 1 - min(0.5, (1 + step) / (10 + step))
        expected += share * (value - expected)
    assert float(average.network.weight) == pytest.approx(expected)
    assert float(average.network.running_mean) == float(network.running_mean)
    assert int(average.network.num_batches_tracked) == 3


def test_mean_auc_equals_scikit_learns_over_the_labels_that_can_be_judged() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (60, 14)).astype(np.float32)
    truth[:, 3] = 0
    truth[rng.random((60, 14)) < 0.1] = np.nan
    scores = rng.integers(0, 20, (60, 14)) / 20  # with ties
    known = ~np.isnan(truth)
    areas = [roc_auc_score(truth[known[:, c], c], scores[known[:, c], c]) for c in range(14) if c != 3]
    assert mean_auc(torch.from_numpy(truth), torch.from_numpy(scores)) == pytest.approx(np.mean(areas))
    assert math.isnan(mean_auc(torch.zeros(5, 14), torch.rand(5, 14)))

"""Holds: the loss, the augmentation, the learning rate and the validation figure are what their words say."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from components.settings import TrainingSettings
from components.training._augment import augment
from components.training._learner import mean_auc
from components.training._loss import ensemble_loss, positive_weights
from components.training._optimizer import learning_rate


def test_a_positive_weighs_as_negatives_to_positives_but_at_most_ten() -> None:
    targets = torch.zeros(100, 14)
    targets[:20, 0], targets[:1, 1], targets[:, 2] = 1, 1, 1
    weights = torch.ones(100, 14)
    weights[20:60, 0] = 0
    found = positive_weights(targets, weights)
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
    once, twice = (augment(batch, black=0.0, draws=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(once, twice)
    right = once[..., 16:].sum(dim=(1, 2, 3)) > once[..., :16].sum(dim=(1, 2, 3))
    assert 150 < int(right.sum()) < 250
    upright = torch.where(right[:, None, None, None], once.flip(3), once)
    turned = (upright[:, 0, 12, 2:10].std(dim=1) > 0.02) | (upright[:, 0, 7, 2:10].std(dim=1) > 0.02)
    assert 150 < int(turned.sum()) < 250


def test_what_turns_in_from_outside_is_black() -> None:
    bright = torch.full((50, 1, 16, 16), 2.0)
    changed = augment(bright, black=-2.0, draws=torch.Generator().manual_seed(0))
    assert changed.min() < -1.5
    assert changed.max() < 2.5


def test_adamw_rises_and_falls_and_sgd_stays() -> None:
    adamw = TrainingSettings(optimizer="adamw", learning_rate=0.01)
    course = [learning_rate(adamw, step, 100) for step in range(100)]
    assert course.index(max(course)) in (19, 20)
    assert max(course) == pytest.approx(0.01)
    assert course[-1] < 0.0002
    assert all(rate > 0 for rate in course)
    sgd = TrainingSettings(optimizer="sgd", learning_rate=0.01)
    assert {learning_rate(sgd, step, 100) for step in range(100)} == {0.01}
    assert learning_rate(adamw, 0, 1) > 0


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

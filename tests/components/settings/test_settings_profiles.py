"""Holds: a profile gives the defaults below what is set, and the paper's values are the defaults without one."""

from pathlib import Path

import pytest

from components.errors import ConfigurationError
from components.settings import PROFILES, Architecture, Optimizer, Precision, Profile, Schedule, load_settings


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RADLOOP_PROFILE", raising=False)


def test_without_a_profile_models_are_made_as_published(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    training, varied = settings.training, settings.training.augmentation
    assert settings.profile is Profile.PAPER
    assert settings == load_settings(tmp_path, profile="paper")
    assert len(settings.model.members) == 3
    assert (settings.model.image_size, settings.model.dropout) == (512, 0.8)
    assert (training.optimizer, training.learning_rate, training.schedule) == (Optimizer.SGD, 0.001, Schedule.CONSTANT)
    assert (training.batch_size, training.patience, training.precision) == (88, 10, Precision.FLOAT32)
    assert (varied.flip, varied.rotate, varied.degrees) == (0.5, 0.5, 10)
    assert (varied.zoom, varied.shift, varied.exposure, training.ema) == (0, 0, 0, 0)


def test_a_file_s_values_lie_over_the_profile_s(tmp_path: Path) -> None:
    (tmp_path / "radloop.toml").write_text('profile = "tiny"\n[training]\nepochs = 3\n[model]\ndropout = 0.4\n')
    settings = load_settings(tmp_path)
    assert settings.model.members == (Architecture.MOBILENETV2,)
    assert settings.model.image_size == settings.imaging.size == 224
    assert (settings.training.epochs, settings.model.dropout) == (3, 0.4)
    assert settings.training.precision is Precision.AUTO


def test_the_environment_names_a_profile_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "radloop.toml").write_text('profile = "tiny"\n')
    monkeypatch.setenv("RADLOOP_PROFILE", "fast")
    settings = load_settings(tmp_path)
    assert settings.profile is Profile.FAST
    assert settings.training.compile
    assert settings.training.ema > 0
    assert settings.training.optimizer is Optimizer.ADAMW


@pytest.mark.parametrize("profile", list(Profile))
def test_every_profile_is_valid_and_changes_only_what_it_names(tmp_path: Path, profile: Profile) -> None:
    paper, settings = load_settings(tmp_path), load_settings(tmp_path, profile=profile)
    concerns = {name for name in type(settings).model_fields if getattr(settings, name) != getattr(paper, name)}
    assert concerns - {"profile"} <= set(PROFILES[profile])


def test_an_unknown_profile_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="'profile' is wrong: Input should be 'paper', 'fast' or 'tiny'"):
        load_settings(tmp_path, profile="quick")

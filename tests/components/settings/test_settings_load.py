"""Holds where settings come from, which wins, and that a wrong one is named in one line."""

from pathlib import Path

import pytest

from components.errors import ConfigurationError
from components.settings import OFFLINE_ENVIRONMENT, go_offline, load_settings


def test_defaults_stay_inside_the_home(tmp_path: Path) -> None:
    settings = load_settings(tmp_path)
    assert settings.catalog.get_secret_value() == f"sqlite:///{tmp_path / 'catalog.db'}"
    assert str(settings.store) == str(tmp_path / "store")
    assert settings.serving.host == settings.servers.host == "127.0.0.1"


def test_the_environment_wins_over_the_file_and_arguments_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "radloop.toml").write_text("seed = 1\n[training]\nepochs = 5\nbatch_size = 8\n")
    assert load_settings(tmp_path).training.epochs == 5
    monkeypatch.setenv("RADLOOP_TRAINING__EPOCHS", "7")
    settings = load_settings(tmp_path, seed=3)
    assert (settings.training.epochs, settings.training.batch_size, settings.seed) == (7, 8, 3)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("[training]\nepochs = 0\n", "training.epochs"),
        ("[training]\nepoch = 3\n", "training.epoch"),
        ("[split]\nvalidation = 0.4\ntest = 0.7\n", "split"),
        ("colour = 'red'\n", "colour"),
        ("[training\n", "radloop.toml is not valid TOML"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "radloop.toml").write_text(text)
    with pytest.raises(ConfigurationError, match=named):
        load_settings(tmp_path)


def test_a_password_in_the_catalog_url_is_never_shown(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, catalog_url="postgresql://radloop:hunter2@127.0.0.1/radloop")
    assert "hunter2" not in repr(settings)


def test_an_operators_own_choice_is_left_alone() -> None:
    environment = {"HF_HUB_OFFLINE": "0"}
    go_offline(environment)
    assert environment["HF_HUB_OFFLINE"] == "0"
    assert set(environment) == set(OFFLINE_ENVIRONMENT)

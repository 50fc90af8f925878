"""The service's process reads the settings of whoever starts it, and a service that is not there is one clear line."""

from pathlib import Path

import pytest

from components.errors import ServerError
from components.serving import serve_command, service_token, service_url, wait_serving
from components.settings import Settings, load_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "radloop.toml").write_text('site = "north"\n[serving]\npoll_s = 3\n')
    return load_settings(
        tmp_path,
        mlflow_url=f"sqlite:///{tmp_path / 'other.db'}",
        serving={"port": 9, "token": "given", "timeout_s": 7.5},
        model={"members": ["mobilenetv2_100"]},
        imaging={"crop_borders": False},
    )


def test_the_process_sees_the_same_settings(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    _, environment = serve_command(settings)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert load_settings() == settings


def test_secrets_are_not_among_the_arguments_and_nothing_is_told_outside(settings: Settings) -> None:
    command, environment = serve_command(settings)
    assert "given" not in " ".join(command)
    assert environment["BENTOML_DO_NOT_TRACK"] == "True"
    assert Path(environment["BENTOML_HOME"]).is_relative_to(settings.home)


def test_the_token_is_the_settings_or_made_once(settings: Settings, tmp_path: Path) -> None:
    assert service_token(settings).get_secret_value() == "given"
    other = load_settings(tmp_path / "other")
    assert service_token(other) == service_token(other)


def test_a_service_that_is_not_there_is_one_clear_line(settings: Settings) -> None:
    assert service_url(settings) == "http://127.0.0.1:9"
    with pytest.raises(ServerError, match="not ready after 0 s: it does not answer"):
        wait_serving(settings, timeout=0.1)

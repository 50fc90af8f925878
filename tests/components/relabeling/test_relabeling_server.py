"""The server's command: loopback, no telemetry, secrets in the environment and not in the arguments."""

import stat
from pathlib import Path

import pytest

from components.errors import ConfigurationError, ServerError
from components.relabeling import (
    ReadingProject,
    label_studio_command,
    label_studio_token,
    pictures_folder,
    prepare_label_studio,
    wait_ready,
)
from components.settings import LabelStudioSettings, Settings, load_settings

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A folder that looks like the server's environment, with its migrated database."""
    program = tmp_path / "venv" / "bin" / "label-studio"
    program.parent.mkdir(parents=True)
    program.touch()
    (tmp_path / "venv" / "template-label_studio.sqlite3").write_bytes(b"migrated")
    return tmp_path / "venv"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "home", label_studio={"url": "http://127.0.0.1:8123"})


def test_it_listens_on_loopback_and_tells_nobody(settings: Settings, installed: Path) -> None:
    command, environment = label_studio_command(settings, installed)
    assert command[command.index("--internal-host") + 1] == "127.0.0.1"
    assert command[command.index("--port") + 1] == "8123"
    assert environment["COLLECT_ANALYTICS"] == environment["LATEST_VERSION_CHECK"] == "false"
    assert environment["SENTRY_DSN"] == environment["FRONTEND_SENTRY_DSN"] == ""
    assert environment["DEBUG"] == "false"
    assert not any(value in " ".join(command) for name, value in environment.items() if "PASSWORD" in name)


def test_only_the_pictures_can_be_served_and_nobody_signs_up(settings: Settings, installed: Path) -> None:
    _, environment = label_studio_command(settings, installed)
    root = Path(environment["LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT"])
    assert pictures_folder(settings).parent == root
    assert not (root / "label_studio.sqlite3").exists()
    assert environment["LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK"] == "true"


def test_secrets_stay_the_same_and_their_owners(settings: Settings, installed: Path) -> None:
    _, first = label_studio_command(settings, installed)
    _, second = label_studio_command(settings, installed)
    assert first["LABEL_STUDIO_PASSWORD"] == second["LABEL_STUDIO_PASSWORD"]
    assert first["LABEL_STUDIO_USER_TOKEN"] == label_studio_token(settings).get_secret_value()
    for file in settings.secrets.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_new_home_starts_from_the_migrated_database_and_an_old_one_keeps_its_own(
    settings: Settings, installed: Path
) -> None:
    label_studio_command(settings, installed)
    database = settings.home / "label-studio" / "label_studio.sqlite3"
    assert database.read_bytes() == b"migrated"
    assert stat.S_IMODE(database.stat().st_mode) == 0o600
    database.write_bytes(b"in use")
    label_studio_command(settings, installed)
    assert database.read_bytes() == b"in use"


def test_a_server_elsewhere_is_not_started_here(tmp_path: Path, installed: Path) -> None:
    settings = load_settings(tmp_path / "home", label_studio={"url": "https://reading.example.org"})
    with pytest.raises(ConfigurationError, match="another machine"):
        label_studio_command(settings, installed)


def test_a_missing_server_says_how_to_install_it(settings: Settings, tmp_path: Path) -> None:
    for start in (lambda: label_studio_command(settings, tmp_path), lambda: prepare_label_studio(tmp_path)):
        with pytest.raises(ConfigurationError, match="make label-studio"):
            start()


def test_a_server_that_does_not_answer_is_one_clear_line(settings: Settings) -> None:
    with pytest.raises(ServerError, match="does not answer at"):
        wait_ready(NOBODY, timeout=0.1)
    with pytest.raises(ServerError, match="radloop up"):
        ReadingProject.open(LabelStudioSettings(url=NOBODY), label_studio_token(settings))

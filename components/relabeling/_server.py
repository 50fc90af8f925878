"""A Label Studio server of this machine's own: its command, environment and first database."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from pydantic import SecretStr

from components.errors import ConfigurationError, ServerError, StorageError
from components.settings import OFFLINE_ENVIRONMENT, Settings, load_or_create_token

USERNAME = "radloop@radloop.invalid"
"""The login of the server's first user; its password is in HOME/secrets/label-studio.password."""

_ENVIRONMENT = Path(__file__).resolve().parents[2] / ".venv-label-studio"
_DATABASE = "label_studio.sqlite3"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR")
_MIGRATION_S = 600
_ASK_EVERY_S = 0.25


def label_studio_installed(environment: Path = _ENVIRONMENT) -> bool:
    """Whether `make label-studio` has been run."""
    return (environment / "bin" / "label-studio").is_file()


def label_studio_token(settings: Settings) -> SecretStr:
    """The API token: the settings', else the one of this machine's own server, made when there is none yet."""
    return settings.label_studio.token or load_or_create_token(settings.secrets / "label-studio.token")


def pictures_folder(settings: Settings) -> Path:
    """Where pushed pictures lie; the folder above it is the only one of which the server serves files."""
    return _folder(settings) / "images" / "radiographs"


def prepare_label_studio(environment: Path = _ENVIRONMENT) -> Path:
    """An empty migrated database beside the server's packages, which new homes start from: about 50 seconds, once.

    Raises:
        ConfigurationError: the server is not installed.
        ServerError: its migrations failed.
    """
    _must_be_installed(environment)
    template = _template(environment)
    if template.exists():
        return template
    manage = next(environment.glob("lib/python*/site-packages/label_studio/manage.py"))
    command = [str(environment / "bin" / "python"), str(manage), "migrate", "--no-color", "--verbosity", "0"]
    with tempfile.TemporaryDirectory(dir=environment, prefix="template-") as making:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=manage.parent,
            env={**_variables(Path(making)), "DJANGO_DB": "sqlite"},
            capture_output=True,
            timeout=_MIGRATION_S,
            check=False,
        )
        if done.returncode:
            advice = "run 'make clean label-studio'"
            raise ServerError(f"Label Studio's migrations failed with status {done.returncode}; {advice}.")
        os.replace(Path(making) / _DATABASE, template)
    return template


def label_studio_command(settings: Settings, environment: Path = _ENVIRONMENT) -> tuple[list[str], dict[str, str]]:
    """The command and the whole environment of the server; makes its folders, secrets and first database.

    It listens on the loopback address of `settings.label_studio.url`, which nothing else may listen on: taken
    otherwise, Label Studio goes to another port without a word.

    Raises:
        ConfigurationError: the server is not installed, or the address is not of this machine.
        StorageError: its folder in HOME cannot be written.
    """
    _must_be_installed(environment)
    address = urlsplit(settings.label_studio.url)
    if address.hostname not in _LOOPBACK:
        raise ConfigurationError("label_studio.url names another machine; this one starts a server on 127.0.0.1 only.")
    folder = _folder(settings)
    try:
        pictures_folder(settings).mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        _first_database(folder, environment)
    except OSError as error:
        raise StorageError(f"Label Studio's folder in HOME cannot be written: {error.strerror}.") from None
    port = str(address.port or 80)
    command = [str(environment / "bin" / "label-studio"), "start", "--no-browser"]
    return [*command, "--internal-host", "127.0.0.1", "--port", port], {**_variables(folder), **_access(settings)}


def wait_ready(url: str, timeout: float) -> None:
    """Returns when the server at `url` answers.

    Raises:
        ServerError: it does not within `timeout` seconds.
    """
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url.rstrip('/')}/health", timeout=5, trust_env=False).is_success:
                return
        except httpx.HTTPError:
            pass
        time.sleep(_ASK_EVERY_S)
    raise ServerError(f"Label Studio does not answer at {url} after {timeout:.0f} s; look into its log in HOME.")


def _folder(settings: Settings) -> Path:
    return settings.home.absolute() / "label-studio"


def _template(environment: Path) -> Path:
    return environment / f"template-{_DATABASE}"


def _must_be_installed(environment: Path) -> None:
    if not label_studio_installed(environment):
        raise ConfigurationError("The Label Studio server is not installed; run 'make label-studio'.")


def _first_database(folder: Path, environment: Path) -> None:
    """A copy of the migrated empty database, where there is one: else the server migrates, a minute long."""
    database, template = folder / _DATABASE, _template(environment)
    if template.exists() and not database.exists():
        aside = database.with_suffix(".new")
        shutil.copyfile(template, aside)
        aside.chmod(0o600)
        os.replace(aside, database)


def _variables(folder: Path) -> Mapping[str, str]:
    """What the server's process sees: no telemetry, no update check, nothing of ours that it does not need."""
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **OFFLINE_ENVIRONMENT,
        "HOME": str(folder),
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder),
        "DEBUG": "false",
        "LOG_LEVEL": "WARNING",
        "PYTHONWARNINGS": "ignore",
    }


def _access(settings: Settings) -> Mapping[str, str]:
    """Who may log in, what they may see, and from where."""
    password = load_or_create_token(settings.secrets / "label-studio.password")
    return {
        "LABEL_STUDIO_USERNAME": USERNAME,
        "LABEL_STUDIO_PASSWORD": password.get_secret_value(),
        "LABEL_STUDIO_USER_TOKEN": label_studio_token(settings).get_secret_value(),
        "LABEL_STUDIO_ENABLE_LEGACY_API_TOKEN": "true",
        "LABEL_STUDIO_DISABLE_SIGNUP_WITHOUT_LINK": "true",
        "LABEL_STUDIO_LOCAL_FILES_SERVING_ENABLED": "true",
        "LABEL_STUDIO_LOCAL_FILES_DOCUMENT_ROOT": str(pictures_folder(settings).parent),
        "LABEL_STUDIO_CORS_ALLOWED_ORIGINS": settings.label_studio.url,
        "LABEL_STUDIO_ALLOWED_HOSTS": "127.0.0.1,localhost",
    }

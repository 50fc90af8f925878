"""Starting the service in a process of its own, and waiting until it answers."""

import json
import os
import sys
import time

import httpx
from pydantic import BaseModel, SecretStr

from components.errors import ServerError
from components.settings import OFFLINE_ENVIRONMENT, Settings, load_or_create_token

_ASK_EVERY_S = 0.2


def service_token(settings: Settings) -> SecretStr:
    """The callers' bearer token: the settings', else HOME/secrets/serving.token, made when there is none yet."""
    return settings.serving.token or load_or_create_token(settings.secrets / "serving.token")


def service_url(settings: Settings) -> str:
    """Where the service listens."""
    return f"http://{settings.serving.host}:{settings.serving.port}"


def serve_command(settings: Settings) -> tuple[list[str], dict[str, str]]:
    """The command and the whole environment of the service's process; it reads these very settings."""
    command = [sys.executable, "-m", "components.serving._process"]
    bentoml_home = settings.home.absolute() / "serving" / "bentoml"
    own = {"BENTOML_HOME": str(bentoml_home), **_as_variables(settings), "RADLOOP_HOME": str(settings.home.absolute())}
    return command, {**os.environ, **OFFLINE_ENVIRONMENT, **own}


def wait_serving(settings: Settings, timeout: float) -> None:
    """Returns when the service has a model to answer with.

    Raises:
        ServerError: it does not answer, or has no model, within `timeout` seconds.
    """
    deadline, problem = time.monotonic() + timeout, "it does not answer"
    while time.monotonic() < deadline:
        try:
            said = httpx.get(f"{service_url(settings)}/health", timeout=5, trust_env=False).json()
            if said["ready"]:
                return
            problem = str(said["problem"])
        except (httpx.HTTPError, ValueError, KeyError):
            pass
        time.sleep(_ASK_EVERY_S)
    raise ServerError(f"The service at {service_url(settings)} is not ready after {timeout:.0f} s: {problem}")


def _as_variables(settings: BaseModel, prefix: str = "RADLOOP_") -> dict[str, str]:
    """What was set, by file, variable or caller, as RADLOOP_… variables."""
    variables: dict[str, str] = {}
    for name in settings.model_fields_set:
        value = getattr(settings, name)
        if isinstance(value, BaseModel):
            variables |= _as_variables(value, f"{prefix}{name.upper()}__")
        elif value is not None:
            variables[f"{prefix}{name.upper()}"] = _as_text(value)
    return variables


def _as_text(value: object) -> str:
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple | dict):
        return json.dumps(value)
    return str(value)

"""Reading the settings once, with errors that say which one is wrong."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_settings import EnvSettingsSource

from components.errors import ConfigurationError
from components.settings._profiles import PROFILES, Profile
from components.settings._settings import Settings


def load_settings(home: Path | None = None, **overrides: Any) -> Settings:
    """The settings of HOME/radloop.toml, over them the RADLOOP_… variables, over them `overrides`.

    Below them all lie those of the profile that they name.

    Raises:
        ConfigurationError: a file that is no TOML, an unknown key, a value out of range.
    """
    chosen = home or Path(os.environ.get("RADLOOP_HOME", Settings.model_fields["home"].default))
    file = chosen / "radloop.toml"
    try:
        from_file = tomllib.loads(file.read_text()) if file.is_file() else {}
        named = _merged(from_file, EnvSettingsSource(Settings)(), overrides, {"home": chosen})
        return Settings.model_validate(_merged(_of_profile(named), named))
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"radloop.toml is not valid TOML: {error}.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise ConfigurationError(f"The setting '{name}' is wrong: {first['msg']}.") from None


def _of_profile(named: Mapping[str, Any]) -> dict[str, Any]:
    """What the named profile sets; nothing for an unknown one, which validation refuses."""
    name = named.get("profile", Profile.PAPER)
    return dict(PROFILES[Profile(name)]) if name in tuple(Profile) else {}


def _merged(*layers: dict[str, Any]) -> dict[str, Any]:
    """Nested dictionaries laid over each other, the last one on top."""
    result: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            below = result.get(key)
            result[key] = _merged(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return result

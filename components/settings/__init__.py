"""Typed settings, read once at the edge and then passed."""

from components.settings._load import load_settings
from components.settings._offline import OFFLINE_ENVIRONMENT, go_offline
from components.settings._settings import (
    Architecture,
    DeidentifySettings,
    GateSettings,
    ImagingSettings,
    LabelStudioSettings,
    ModelSettings,
    RelabelSettings,
    ServersSettings,
    ServingSettings,
    Settings,
    SplitSettings,
    TrainingSettings,
    UncertainPolicy,
)
from components.settings._tokens import load_or_create_token

__all__ = [
    "OFFLINE_ENVIRONMENT",
    "Architecture",
    "DeidentifySettings",
    "GateSettings",
    "ImagingSettings",
    "LabelStudioSettings",
    "ModelSettings",
    "RelabelSettings",
    "ServersSettings",
    "ServingSettings",
    "Settings",
    "SplitSettings",
    "TrainingSettings",
    "UncertainPolicy",
    "go_offline",
    "load_or_create_token",
    "load_settings",
]

"""Typed settings, read once at the edge and then passed."""

from components.settings._load import load_settings
from components.settings._offline import OFFLINE_ENVIRONMENT, go_offline
from components.settings._reception import ArchiveSettings, ReceptionSettings, TlsSettings
from components.settings._settings import (
    Architecture,
    BurnedIn,
    Dates,
    DeidentifySettings,
    DeviceDetail,
    GateSettings,
    ImagingSettings,
    IntakeSettings,
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
    "ArchiveSettings",
    "BurnedIn",
    "Dates",
    "DeidentifySettings",
    "DeviceDetail",
    "GateSettings",
    "ImagingSettings",
    "IntakeSettings",
    "LabelStudioSettings",
    "ModelSettings",
    "ReceptionSettings",
    "RelabelSettings",
    "ServersSettings",
    "ServingSettings",
    "Settings",
    "SplitSettings",
    "TlsSettings",
    "TrainingSettings",
    "UncertainPolicy",
    "go_offline",
    "load_or_create_token",
    "load_settings",
]

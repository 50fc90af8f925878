"""Typed settings, read once at the edge and then passed."""

from components.settings._gate import Attribute, CalibrationMethod, GateSettings, LabelPolicy, ThresholdSettings, Use
from components.settings._load import load_settings
from components.settings._offline import OFFLINE_ENVIRONMENT, go_offline
from components.settings._profiles import PROFILES, Profile
from components.settings._reception import ArchiveSettings, ReceptionSettings, TlsSettings
from components.settings._settings import (
    Architecture,
    BurnedIn,
    Dates,
    DeidentifySettings,
    DeviceDetail,
    Fit,
    ImagingSettings,
    IntakeSettings,
    LabelStudioSettings,
    ModelSettings,
    RelabelSettings,
    ServersSettings,
    ServingSettings,
    Settings,
    SplitSettings,
)
from components.settings._tokens import load_or_create_token
from components.settings._training import (
    AugmentationSettings,
    Objective,
    Optimizer,
    Precision,
    Schedule,
    Strategy,
    TrainingSettings,
    UncertainPolicy,
)
from components.settings._tuning import Measure, TuneSettings

__all__ = [
    "OFFLINE_ENVIRONMENT",
    "PROFILES",
    "Architecture",
    "ArchiveSettings",
    "Attribute",
    "AugmentationSettings",
    "BurnedIn",
    "CalibrationMethod",
    "Dates",
    "DeidentifySettings",
    "DeviceDetail",
    "Fit",
    "GateSettings",
    "ImagingSettings",
    "IntakeSettings",
    "LabelPolicy",
    "LabelStudioSettings",
    "Measure",
    "ModelSettings",
    "Objective",
    "Optimizer",
    "Precision",
    "Profile",
    "ReceptionSettings",
    "RelabelSettings",
    "Schedule",
    "ServersSettings",
    "ServingSettings",
    "Settings",
    "SplitSettings",
    "Strategy",
    "ThresholdSettings",
    "TlsSettings",
    "TrainingSettings",
    "TuneSettings",
    "UncertainPolicy",
    "Use",
    "go_offline",
    "load_or_create_token",
    "load_settings",
]

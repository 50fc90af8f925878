"""No engine calls home: telemetry, update checks and model downloads are off (design decision 9)."""

import os
from collections.abc import Mapping, MutableMapping
from types import MappingProxyType

OFFLINE_ENVIRONMENT: Mapping[str, str] = MappingProxyType(
    {
        "DO_NOT_TRACK": "true",  # MLflow takes only the word true
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ALLOW_PICKLE_DESERIALIZATION": "false",
        "BENTOML_DO_NOT_TRACK": "True",
        "RAY_USAGE_STATS_ENABLED": "0",
        "COLLECT_ANALYTICS": "false",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LATEST_VERSION_CHECK": "false",
        "GX_ANALYTICS_ENABLED": "false",
        "HF_HUB_OFFLINE": "1",
        "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "300",  # a loaded two-core machine needs more than the default
    }
)


def go_offline(environment: MutableMapping[str, str] | None = None) -> None:
    """Sets the variables before an engine is imported; a value the operator set is left alone."""
    target = os.environ if environment is None else environment
    for name, value in OFFLINE_ENVIRONMENT.items():
        target.setdefault(name, value)

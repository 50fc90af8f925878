"""Everything radloop refuses, as one tree of errors."""

from components.errors._errors import (
    CatalogError,
    ConfigurationError,
    DataQualityError,
    GateError,
    LedgerError,
    ModelError,
    RadloopError,
    RefusedInputError,
    ServerError,
    SnapshotError,
    StorageError,
    TrainingError,
    WithdrawnError,
)

__all__ = [
    "CatalogError",
    "ConfigurationError",
    "DataQualityError",
    "GateError",
    "LedgerError",
    "ModelError",
    "RadloopError",
    "RefusedInputError",
    "ServerError",
    "SnapshotError",
    "StorageError",
    "TrainingError",
    "WithdrawnError",
]

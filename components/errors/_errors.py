"""One root, and one subclass for each failure that a caller handles differently.

RadloopError
├── ConfigurationError   a setting is missing or wrong; say which and what it must be
├── ServerError          an engine's server does not answer or refuses
├── StorageError         a file cannot be written or read: disk full, no rights, gone
├── RefusedInputError    one file or message is not what we take; it goes to quarantine with its reason
├── CatalogError         the catalog contradicts what is being added
│   └── WithdrawnError   it is of a patient who withdrew consent; nothing of it is kept
├── DataQualityError     a critical data check failed; nothing is trained on these data
├── SnapshotError        a frozen snapshot is missing a part or was altered
├── TrainingError        training could not start or did not end with a usable model
├── ModelError           a model's weights, config or scores are not what its record says
├── GateError            a model may not be judged or promoted: looks spent, not passed, not approved
└── LedgerError          the ledger was altered or cannot be read

Messages are one sentence or two: which object (by pseudonym), which rule, what was expected, what
came, what to do. They never hold an identifier and are at most 300 characters.
"""

from enum import StrEnum
from typing import Self

_LONGEST_MESSAGE = 300


class RadloopError(Exception):
    """Root of everything radloop raises on purpose; its text is fit for the person at the command line."""

    def __init__(self, message: str) -> None:
        super().__init__(message if len(message) <= _LONGEST_MESSAGE else message[: _LONGEST_MESSAGE - 1] + "…")


class ConfigurationError(RadloopError):
    """A setting is missing or wrong."""


class ServerError(RadloopError):
    """A server that the work needs does not answer, or answers with a refusal."""


class StorageError(RadloopError):
    """A file cannot be written or read."""


class RefusedInputError(RadloopError):
    """One file or message is refused; `reason` is the closed word under which quarantine counts it."""

    def __init__(self, reason: StrEnum, detail: str) -> None:
        self.reason = reason
        super().__init__(detail)

    def __reduce__(self) -> tuple[type[Self], tuple[StrEnum, str]]:
        return type(self), (self.reason, str(self))  # workers' processes send refusals back


class CatalogError(RadloopError):
    """The catalog contradicts what is being added."""


class WithdrawnError(CatalogError):
    """What is being added is of a patient who withdrew consent."""


class DataQualityError(RadloopError):
    """A critical data check failed."""


class SnapshotError(RadloopError):
    """A frozen snapshot is incomplete or was altered."""


class TrainingError(RadloopError):
    """Training could not start, or did not end with a usable model."""


class ModelError(RadloopError):
    """A model's weights, config or scores are not what its record says."""


class GateError(RadloopError):
    """A model may not be judged, or not be promoted."""


class LedgerError(RadloopError):
    """The ledger was altered or cannot be read."""

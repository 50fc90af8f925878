"""What Ray Train's controller holds of a training.

It travels by value and knows nothing of radloop, so that the controller's process does not import torch and the rest.
"""

import json
from pathlib import Path
from typing import Any

from ray.train import Checkpoint, UserCallback
from ray.train.backend import Backend, BackendConfig


class OwnGroup(BackendConfig):
    """Ray Train makes no group of the workers: they do it themselves."""

    backend = "own"

    @property
    def backend_cls(self) -> type[Backend]:
        """What Ray Train does before and after the training; nothing here."""
        return _NoGroup


class _NoGroup(Backend):
    share_cuda_visible_devices = True  # GPUs of one machine reach each other directly


class EpochFile(UserCallback):
    """Writes each epoch's report down; the controller lives on the driver's machine."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def after_report(self, run_context: Any, metrics: list[dict[str, Any]], checkpoint: Checkpoint | None) -> None:
        """Called after all workers handed in a state; only one that ends an epoch has figures."""
        if metrics[0]:
            with self._file.open("a") as lines:
                lines.write(json.dumps(metrics[0]) + "\n")

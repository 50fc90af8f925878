"""Everything that decides a training's outcome, in a form that travels to a worker."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from components.models import ModelConfig
from components.settings import TrainingSettings

# What changes how fast or where a model is trained, but not which one.
_INDIFFERENT = {
    *("workers", "min_workers", "use_gpu", "max_failures", "threads", "strategies"),
    *("resident_mb", "checkpoint_s"),
}


@dataclass(frozen=True, kw_only=True)
class Task:
    """One training: the snapshot's and the base model's folders are absolute."""

    snapshot: Path
    snapshot_hash: str
    model: ModelConfig
    settings: TrainingSettings
    base: Path | None
    seed: int

    def fingerprint(self) -> str:
        """SHA-256 over what is trained; a folder takes up only a training of the same fingerprint."""
        facts = {
            "snapshot": self.snapshot_hash,
            "model": self.model.model_dump(mode="json"),
            "settings": self.settings.model_dump(mode="json", exclude=_INDIFFERENT),
            "base": None if self.base is None else _digest(self.base / "weights.safetensors"),
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _digest(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

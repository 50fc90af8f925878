"""A head for a finding outside the 14: on disk as a typed config and safetensors, in memory as a function."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from components.errors import ModelError, StorageError
from components.models import HeadKind, make_head
from components.training._embeddings import as_embedding

FINDING_NAME = r"^[a-z][a-z0-9_]{0,47}$"
_CONFIG, _WEIGHTS = "head.json", "head.safetensors"


class SideCount(BaseModel):
    """What one side of the split held: studies that were judged, those of them with the finding, and patients."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    studies: int
    positives: int
    patients: int


class HeadConfig(BaseModel):
    """head.json: what the head answers, on whose features, and what it was made from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal[1] = 1
    finding: str = Field(pattern=FINDING_NAME)
    site: str
    kind: HeadKind
    width: int = Field(ge=1, description="of the features: all members' side by side")
    backbones: str = Field(description="digest of the backbones whose features it reads")
    model_version: str = Field(description="registry version that these features were made with")
    threshold: float | None = Field(description="positive at or above; None where undefined")
    learned_from: dict[str, SideCount] = Field(description="side of the split → what it held")
    validation_auc: float | None
    created: AwareDatetime


class Head:
    """A fitted head, ready to answer."""

    def __init__(self, config: HeadConfig, weights: Mapping[str, torch.Tensor]) -> None:
        """The head of these weights; ModelError where they are not of its config."""
        self.config = config
        self._network = make_head(config.kind, width=config.width, dropout=0, outputs=1).eval()
        try:
            self._network.load_state_dict(dict(weights))
        except RuntimeError:
            raise ModelError(f"The weights of the head for {config.finding} are not those of its config.") from None

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The head in `folder`.

        Raises:
            ModelError: a file is missing, damaged, or not of the other.
        """
        try:
            config = HeadConfig.model_validate_json((folder / _CONFIG).read_bytes())
            return cls(config, load_file(folder / _WEIGHTS))
        except (OSError, SafetensorError):
            raise ModelError(f"The head in {folder.name} lacks {_CONFIG} or {_WEIGHTS}, or one is damaged.") from None
        except ValidationError as error:
            where = ".".join(str(part) for part in error.errors(include_input=False, include_url=False)[0]["loc"])
            raise ModelError(f"The head's {_CONFIG} is wrong at '{where}'.") from None

    def save(self, folder: Path) -> None:
        """Writes head.json and head.safetensors into `folder`, made if missing.

        Raises:
            StorageError: they cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            state = {name: value.detach().cpu().contiguous() for name, value in self._network.state_dict().items()}
            save_file(state, folder / _WEIGHTS)
            (folder / _CONFIG).write_text(self.config.model_dump_json(indent=1))
        except (OSError, SafetensorError) as error:
            raise StorageError(f"The head cannot be written: {type(error).__name__}.") from None

    def probabilities(self, features: Sequence[torch.Tensor] | NDArray[np.float32]) -> NDArray[np.float64]:
        """How likely the finding is on each of B frontal images, [B] 0..1.

        Args:
            features: what SoloNet's members gave, float [B, D_m] each (`StudyNet.solo.features`), or embeddings [B, D].
        """
        values = features if isinstance(features, np.ndarray) else as_embedding(features)
        with torch.inference_mode():
            logits = self._network(torch.from_numpy(values.astype(np.float32)))
            return np.asarray(logits[:, 0].double().sigmoid().numpy())


def head_hash(folder: Path) -> str:
    """SHA-256 over the head's two files; ModelError where one is missing."""
    digest = hashlib.sha256()
    for name in (_CONFIG, _WEIGHTS):
        try:
            with (folder / name).open("rb") as file:
                digest.update(f"{name} {hashlib.file_digest(file, 'sha256').hexdigest()}\n".encode())
        except OSError:
            raise ModelError(f"The head lacks {name}.") from None
    return digest.hexdigest()

"""Models on disk: a typed config and safetensors weights, never a pickle."""

from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from components.errors import ModelError, StorageError
from components.models._config import ModelConfig
from components.models._studynet import StudyNet

_CONFIG = "config.json"
_WEIGHTS = "weights.safetensors"
_PICKLES = (".pt", ".pth", ".bin", ".pkl", ".ckpt")


def save_model(model: StudyNet, folder: Path) -> None:
    """Writes config.json and weights.safetensors into `folder`, made if missing."""
    save_weights(model.config, model.state_dict(), folder)


def save_weights(config: ModelConfig, state: Mapping[str, torch.Tensor], folder: Path) -> None:
    """The same for weights without their network.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_file({name: value.detach().cpu().contiguous() for name, value in state.items()}, folder / _WEIGHTS)
        (folder / _CONFIG).write_text(config.model_dump_json(indent=2))
    except (OSError, SafetensorError) as error:
        raise StorageError(f"The model cannot be written: {type(error).__name__}.") from None


def read_config(folder: Path) -> ModelConfig:
    """The config of the model in `folder`.

    Raises:
        ModelError: it is missing or wrong.
    """
    try:
        return ModelConfig.model_validate_json((folder / _CONFIG).read_bytes())
    except OSError:
        raise ModelError(f"The model has no {_CONFIG}: give the folder that holds it and {_WEIGHTS}.") from None
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ModelError(f"The model's {_CONFIG} is wrong at '{where}': {first['msg']}.") from None


def load_model(folder: Path, device: str = "cpu") -> StudyNet:
    """The model in `folder`, in eval mode.

    Raises:
        ModelError: a pickle, a damaged file, weights that are missing or of another network.
    """
    config = read_config(folder)
    state = _read_weights(folder)
    model = StudyNet(config)
    expected = model.state_dict()
    wrong = [name for name, value in expected.items() if name not in state or state[name].shape != value.shape]
    if wrong or len(state) != len(expected):
        raise ModelError(
            f"The weights are not of {' + '.join(config.members)}: {len(wrong)} of {len(expected)} arrays are missing"
            f" or of another shape, {len(state.keys() - expected.keys())} are unknown."
        )
    model.load_state_dict(state)
    return model.to(device).eval()


def _read_weights(folder: Path) -> dict[str, torch.Tensor]:
    file = folder / _WEIGHTS
    if not file.is_file():
        pickles = [other.name for other in folder.iterdir() if other.suffix in _PICKLES]
        found = f" A pickle ({pickles[0]}) may run code when loaded and is refused." if pickles else ""
        raise ModelError(f"The model has no {_WEIGHTS}.{found}")
    try:
        return load_file(file)
    except (SafetensorError, OSError):
        raise ModelError(f"The model's {_WEIGHTS} is no safetensors file or is damaged; nothing was loaded.") from None

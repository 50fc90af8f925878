"""The networks: their make, their input, their weights as safetensors."""

from components.models._config import ModelConfig
from components.models._files import load_model, save_model, save_weights
from components.models._prepare import prepare
from components.models._solonet import SoloNet

__all__ = ["ModelConfig", "SoloNet", "load_model", "prepare", "save_model", "save_weights"]

"""The networks: their make, their input, their weights as safetensors."""

from components.models._config import HeadKind, ModelConfig
from components.models._duonet import DuoNet
from components.models._files import load_model, save_model, save_weights
from components.models._head import make_head
from components.models._inference import for_inference
from components.models._memory import kept_memory
from components.models._prepare import prepare
from components.models._solonet import SoloNet
from components.models._studynet import StudyNet, start_from, start_from_generic

__all__ = [
    "DuoNet",
    "HeadKind",
    "ModelConfig",
    "SoloNet",
    "StudyNet",
    "for_inference",
    "kept_memory",
    "load_model",
    "make_head",
    "prepare",
    "save_model",
    "save_weights",
    "start_from",
    "start_from_generic",
]

"""The convolutional networks below the heads, by their timm names."""

from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from components.errors import ModelError
from components.settings import Architecture

# What the pooling before the head sees: the last layer that still knows where.
_LAST_FEATURES = {
    Architecture.DENSENET121: "features.norm5",
    Architecture.RESNEXT50: "layer4",
    Architecture.MOBILENETV2: "bn2",
}
_LAST_REDUCTION = 32  # pixels of the picture to a cell of the last layer, in all three
_FEWEST_CELLS = 7  # a side, as on the 224 pixels that Grad-CAM was published for


def make_backbone(architecture: Architecture) -> nn.Module:
    """From prepared pictures [B, 1, H, W] to pooled features [B, D]; random weights."""
    import timm  # slow to import

    made: nn.Module = timm.create_model(architecture.value, pretrained=False, in_chans=1, num_classes=0)
    return made


def generic_backbone(architecture: Architecture, folder: Path) -> nn.Module:
    """The same with generic weights (ImageNet's, say) out of `folder`; their colours are summed to one channel.

    Args:
        architecture: whose file is <its timm name>.safetensors, with timm's names inside.
        folder: of such files.

    Raises:
        ModelError: there is no such file, or it is not of this architecture.
    """
    from timm.models import adapt_input_conv

    file = folder / f"{architecture.value}.safetensors"
    try:
        state = load_file(file)
    except (OSError, SafetensorError):
        raise ModelError(f"There are no generic weights in {file.name}: model.weights_dir must hold it.") from None
    made = make_backbone(architecture)
    first = f"{cast('Any', made).pretrained_cfg['first_conv']}.weight"
    try:
        state[first] = adapt_input_conv(1, state[first])
        made.load_state_dict({name: state[name] for name in made.state_dict()})
    except (KeyError, RuntimeError, NotImplementedError):  # missing, of another shape, not of one or three channels
        raise ModelError(f"The generic weights in {file.name} are not those of {architecture.value}.") from None
    return made


def width_of(backbone: nn.Module) -> int:
    """How many features it gives a picture."""
    return int(cast("Any", backbone).num_features)


def layer_that_says_where(backbone: nn.Module, architecture: Architecture, image_size: int) -> nn.Module:
    """The layer whose output, [B, C, h, w], Grad-CAM weighs: the last that still says where.

    On pictures of 224 pixels and more that is the one which is pooled for the head; on smaller ones an earlier one,
    since the last would have fewer than 7 cells a side (2 on 64 pixels).
    """
    if image_size >= _FEWEST_CELLS * _LAST_REDUCTION:
        return backbone.get_submodule(_LAST_FEATURES[architecture])
    stages = cast("Any", backbone).feature_info  # timm's: module and reduction of each stage, finest first
    fine_enough = [stage["module"] for stage in stages if image_size // stage["reduction"] >= _FEWEST_CELLS]
    return backbone.get_submodule(str((fine_enough or [stages[0]["module"]])[-1]))

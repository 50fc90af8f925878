"""Which numbers a network computes in."""

import torch

from components.settings import Precision


def computes_in_bfloat16(precision: Precision, device: torch.device) -> bool:
    """Whether to: as set, or where the processor has instructions for it (on others it is slower than float32).

    Losses need no scaling in it, as they do in float16: it has float32's range, so that no gradient becomes zero.
    """
    if precision == Precision.AUTO:
        return has_bfloat16(device)
    return precision == Precision.BFLOAT16


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies matrices in bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def mixed(on: bool, device: torch.device) -> torch.autocast:
    """In it, convolutions and matrix products compute in bfloat16 where `on`; the rest stays float32."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=on)

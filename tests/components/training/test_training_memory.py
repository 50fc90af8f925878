"""Holds: memory that is freed in a training is not mapped and cleared anew, and goes back afterwards."""

import ctypes
import resource

import psutil
import pytest
import torch

from components.training._memory import kept_memory

_FLOATS, _TIMES = 4 << 20, 20  # 16 MiB


def _faults() -> int:
    """Pages that came in while blocks were taken and freed, so many times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(_TIMES):
        torch.ones(_FLOATS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_freed_memory_is_used_again_and_given_back_at_the_end() -> None:
    anew = _faults()
    with kept_memory():
        _faults()
        again = _faults()
        held = psutil.Process().memory_info().rss
    assert again < anew / 10
    assert held - psutil.Process().memory_info().rss > 8 << 20
    assert _faults() > anew / 2

"""Holds: memory that is freed in a training is not mapped and cleared anew, and goes back afterwards."""

import ctypes
import resource

import psutil
import pytest
import torch

from components.models import kept_memory

_FLOATS, _TIMES = 4 << 20, 20  # 16 MiB


def _faults() -> int:
    """Pages that came in while blocks were taken and freed, so many times."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(_TIMES):
        torch.ones(_FLOATS)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="needs glibc")
def test_freed_memory_is_used_again_and_given_back_at_the_end() -> None:
    with kept_memory():
        _faults()
        assert _faults() < _TIMES * _FLOATS * 4 / resource.getpagesize() / 10, "a tenth of what one would touch anew"
        held = psutil.Process().memory_info().rss
    assert held - psutil.Process().memory_info().rss > 8 << 20

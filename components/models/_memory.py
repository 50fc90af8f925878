"""Memory that one batch frees stays with the process, for the next batch."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # mallopt's parameters, malloc.h
_LARGE, _ENDLESS = 1 << 30, (1 << 31) - 1  # bytes


@contextmanager
def kept_memory() -> Iterator[None]:
    """In it glibc gives nothing back to the kernel, and at the end all; elsewhere than on glibc nothing changes.

    By default it returns each large activation as soon as torch frees it, and the memory of every batch is mapped and
    cleared page by page anew: about half of the time of a network on a CPU. The limits stay as they are set here: glibc
    has no way back to its own, which follow what a program does.
    """
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "malloc_trim"):
        yield
        return
    libc.mallopt(_MMAP_THRESHOLD, _LARGE)
    libc.mallopt(_TRIM_THRESHOLD, _ENDLESS)
    try:
        yield
    finally:
        libc.malloc_trim(0)

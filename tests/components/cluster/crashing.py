"""Work for other processes that goes wrong on some things, in a module that they can import."""

import os
import signal


def square(common: int, thing: int) -> int:
    """common times thing squared; ends its process on 7, and raises on a negative thing."""
    if thing == 7:
        os.kill(os.getpid(), signal.SIGSEGV)
    if thing < 0:
        raise LookupError("negative")
    return common * thing * thing


def process(_common: None, _thing: int) -> tuple[int, str]:
    """Who works, and with how many threads."""
    return os.getpid(), os.environ["OMP_NUM_THREADS"]

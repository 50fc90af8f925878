"""Peak memory of this process and all its children: the figure the demo reports."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

_EVERY_S = 2.0


@dataclass
class Peak:
    """Largest sum seen of the proportional set sizes of the process tree, in bytes."""

    size: int = 0


@contextmanager
def watching_memory() -> Iterator[Peak]:
    """Samples every two seconds; shared pages count once (PSS), so the sum is what the machine must have."""
    peak, stop = Peak(), threading.Event()

    def watch() -> None:
        while not stop.wait(_EVERY_S):
            peak.size = max(peak.size, _tree())

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        stop.set()
        thread.join()


def _tree() -> int:
    total = 0
    me = psutil.Process()
    for process in [me, *me.children(recursive=True)]:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total

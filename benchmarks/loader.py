"""Pictures from a snapshot to the device, without a network, beside what the fastest network consumes."""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch

from benchmarks._table import machine, markdown
from benchmarks._trained import BATCH, device, images_per_s, task, write_pictures
from components.catalog import Side
from components.datasets import Snapshot
from components.settings import Precision
from components.training._data import Cases
from components.training._precision import has_bfloat16

_IMAGES, _PASSES, _ROUNDS = 64, 20, 3
_SIZES = (224, 512)


def run() -> str:
    """Images a second in memory and streaming, and how many times what training consumes."""
    rows = []
    for size in _SIZES:
        with tempfile.TemporaryDirectory() as folder:
            rows += _rows(write_pictures(Path(folder) / "snapshot", images=_IMAGES, size=size), size)
    columns = ["", "images/s", "times what is consumed"]
    return f"{markdown(columns, rows)}\n\nMobileNetV2, batches of {BATCH}; {machine()}."


def _rows(snapshot: Snapshot, size: int) -> list[list[object]]:
    precision = Precision.BFLOAT16 if has_bfloat16(device()) else Precision.FLOAT32
    contenders: dict[str, Callable[[], float]] = {
        "training": lambda: images_per_s(task(snapshot, size=size, precision=precision), device()),
        "loader, pictures on the device": lambda: _loaded(snapshot, limit_mb=None),
        "loader, streaming from disk": lambda: _loaded(snapshot, limit_mb=0),
    }
    rates: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(1 + _ROUNDS):
        for name, contender in contenders.items():
            rate = contender()
            rates[name] += [rate] * (number > 0)  # the first round warms up
    consumed = rates["training"]
    times = {
        name: statistics.median(one / other for one, other in zip(of, consumed, strict=True))
        for name, of in rates.items()
    }
    return [
        [
            f"{name}, {size} px{f' ({precision})' if name == 'training' else ''}",
            f"{statistics.median(of):,.0f}",
            times[name],
        ]
        for name, of in rates.items()
    ]


def _loaded(snapshot: Snapshot, *, limit_mb: int | None) -> float:
    """Images a second in the order of a training, batch after batch."""
    cases = Cases.of(snapshot, Side.TRAIN, laterals=False, device=device(), limit_mb=limit_mb)
    orders = [torch.randperm(len(cases)) for _ in range(_PASSES)]
    wanted = [cases.numbers("frontal", rows) for order in orders for rows in torch.split(order, BATCH)]
    start = time.perf_counter()
    for batch in cases.pictures.batches(wanted):
        last = batch
    float(last[-1, -1, -1])  # waits for a GPU
    return _PASSES * len(cases) / (time.perf_counter() - start)

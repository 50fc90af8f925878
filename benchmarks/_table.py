"""What every benchmark prints: a Markdown table, ready for BENCHMARKS.md."""

import os
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

PEERS = Path(__file__).parent.parent / ".venv-peers" / "bin" / "python"


def markdown(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """The rows under their columns; floats with three figures."""
    lines = [columns, ["---"] * len(columns), *[[_cell(value) for value in row] for row in rows]]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def machine() -> str:
    """What the figures were taken on."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def side_by_side(contenders: dict[str, Callable[[], object]], *, rounds: int) -> dict[str, list[float]]:
    """Seconds of each contender in each round; they take turns, so that what slows the machine slows all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for contender in contenders.values():
        contender()  # once unmeasured
    for number in range(rounds):
        names = list(contenders)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = time.perf_counter()
            contenders[name]()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def ratio(slow: Sequence[float], fast: Sequence[float]) -> float:
    """The median over the rounds of slow / fast."""
    return statistics.median(one / other for one, other in zip(slow, fast, strict=True))


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 1_000 else f"{value:,.0f}"
    return f"{value:,}" if isinstance(value, int) else str(value)

"""How far a training has come: enough to go on exactly from there."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch

from components.errors import StorageError, TrainingError
from components.training._report import EpochReport

Weights = dict[str, torch.Tensor]


@dataclass(kw_only=True)
class PartState:
    """One network after `steps` steps.

    average: its moving average, where there is one. loss: summed over the cases of the epoch so far, `learned` of them.
    best: weights of its best epoch. stopped: it is trained no more.
    """

    weights: Weights = field(default_factory=dict)
    average: Weights | None = None
    optimizer: dict[str, Any] = field(default_factory=dict)
    steps: int = 0
    loss: float = 0
    learned: int = 0
    best: Weights = field(default_factory=dict)
    best_epoch: int = 0
    best_loss: float = float("inf")
    stopped: bool = False


@dataclass(kw_only=True)
class State:
    """After some epochs and `step` steps of the next; all workers hold the same.

    Randomness needs no place here: each step draws its own from seed, epoch and step.
    images, seconds: shown and taken in the steps of the epoch so far.
    """

    parts: dict[str, PartState] = field(default_factory=dict)
    step: int = 0
    images: int = 0
    seconds: float = 0
    reports: list[EpochReport] = field(default_factory=list)
    failure: str | None = None

    @property
    def epoch(self) -> int:
        """The last finished epoch, 0 before the first."""
        return len(self.reports)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do."""
        stopped = [part.stopped for part in self.parts.values()]
        return self.failure is not None or (bool(stopped) and all(stopped))

    def save(self, file: Path) -> None:
        """Writes the state; a half-written file never takes the old one's place."""
        values = {
            **vars(self),
            "parts": {name: vars(part) for name, part in self.parts.items()},
            "reports": [asdict(report) for report in self.reports],
        }
        unfinished = file.with_suffix(".unfinished")
        try:
            torch.save(values, unfinished)
            unfinished.replace(file)
        except (OSError, RuntimeError) as error:  # torch's word for a full disk
            raise StorageError(f"The training's checkpoint cannot be written: {type(error).__name__}.") from None

    @classmethod
    def load(cls, file: Path) -> Self:
        """The state in a file of our own; weights_only, so that nothing in it can run.

        Raises:
            TrainingError: the file is damaged.
        """
        try:
            values = torch.load(file, map_location="cpu", weights_only=True)
            values["reports"] = [EpochReport(**report) for report in values["reports"]]
            values["parts"] = {name: PartState(**part) for name, part in values["parts"].items()}
            return cls(**values)
        except Exception as error:  # torch.load has no closed list of what a damaged file raises
            raise TrainingError(
                f"The training's checkpoint is damaged ({type(error).__name__}): remove its folder and start anew."
            ) from None

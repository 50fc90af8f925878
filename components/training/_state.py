"""How far a training has come: enough to go on exactly from there."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import torch

from components.errors import StorageError, TrainingError
from components.training._report import EpochReport

Weights = dict[str, torch.Tensor]


@dataclass(kw_only=True)
class State:
    """After some epochs. Randomness needs no place here: each epoch draws its own from seed and epoch number."""

    weights: Weights
    optimizer: dict[str, Any]
    best: Weights
    best_epoch: int
    best_loss: float
    reports: list[EpochReport] = field(default_factory=list)
    finished: bool = False
    failure: str | None = None

    @property
    def epoch(self) -> int:
        """The last finished epoch, 0 before the first."""
        return len(self.reports)

    def save(self, file: Path) -> None:
        """Writes the state; a half-written file never takes the old one's place."""
        values = {**vars(self), "reports": [asdict(report) for report in self.reports]}
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
            return cls(**values)
        except Exception as error:  # torch.load has no closed list of what a damaged file raises
            raise TrainingError(
                f"The training's checkpoint is damaged ({type(error).__name__}): remove its folder and start anew."
            ) from None

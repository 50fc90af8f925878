"""A search for better settings: trials on Ray, the worse ones stopped early, compared on validation patients only."""

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

from components.errors import TrainingError
from components.models import ModelConfig
from components.settings import Measure, TrainingSettings, TuneSettings
from components.training._checks import check_base, check_run, check_sizes, check_snapshot, claim
from components.training._report import EpochReport
from components.training._space import Values, draw
from components.training._task import Task


@dataclass(frozen=True, kw_only=True)
class TuneEpoch:
    """One epoch of a trial on the validation patients: loss (of all networks), mean AUC (NaN: undefined)."""

    epoch: int
    loss: float
    auc: float

    @classmethod
    def of(cls, report: EpochReport) -> Self:
        """What a training's report says of it."""
        aucs = [auc for auc in (report.validation_auc, report.duo_validation_auc) if auc is not None]
        loss = report.validation_loss + (report.duo_validation_loss or 0)
        return cls(epoch=report.epoch, loss=loss, auc=sum(aucs) / len(aucs))

    def cost(self, measure: Measure) -> float:
        """What is lower for the better; infinite where it is undefined."""
        cost = self.loss if measure is Measure.LOSS else -self.auc
        return math.inf if math.isnan(cost) else cost


@dataclass(frozen=True, kw_only=True)
class TuneTrial:
    """What one trial set and how it went; fewer epochs than others: it was stopped, for being worse or no better."""

    number: int
    values: Values
    epochs: tuple[TuneEpoch, ...] = ()
    failure: str | None = None

    def best(self, measure: Measure) -> TuneEpoch | None:
        """Its best epoch; None where it failed."""
        if self.failure is not None:
            return None
        return min(self.epochs, key=lambda epoch: epoch.cost(measure), default=None)

    def save(self, folder: Path) -> None:
        """Writes down how it went; a half-written file never counts."""
        file = folder / f"{self.number:03}.json"
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(json.dumps({"epochs": [asdict(one) for one in self.epochs], "failure": self.failure}))
        unfinished.replace(file)

    def filled(self, folder: Path) -> Self:
        """The trial as it went when it was finished before, or as it is."""
        file = folder / f"{self.number:03}.json"
        if not file.is_file():
            return self
        record = json.loads(file.read_text())
        epochs = tuple(TuneEpoch(**epoch) for epoch in record["epochs"])
        return replace(self, epochs=epochs, failure=record["failure"])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to try."""
        return bool(self.epochs) or self.failure is not None


@dataclass(frozen=True, kw_only=True)
class TuneResult:
    """A finished search: its trials in their order; the first is of the settings as they were."""

    measure: Measure
    trials: tuple[TuneTrial, ...]

    @property
    def best(self) -> TuneTrial:
        """The best trial; of equals the first."""
        return min(self.trials, key=self._cost)

    def _cost(self, trial: TuneTrial) -> float:
        best = trial.best(self.measure)
        return math.inf if best is None else best.cost(self.measure)

    @property
    def fragment(self) -> str:
        """The best values as lines for radloop.toml."""
        values = asdict(self.best.values)
        dropout = values.pop("dropout")
        training = [f"{name} = {json.dumps(value)}" for name, value in values.items()]
        return "\n".join(["[model]", f"dropout = {dropout}", "", "[training]", *training, ""])

    def to_json(self) -> dict[str, Any]:
        """Everything, with null for what is undefined."""
        return {
            "measure": self.measure.value,
            "best": self.best.number,
            "values": asdict(self.best.values),
            "trials": [self._row(trial) for trial in self.trials],
        }

    def _row(self, trial: TuneTrial) -> dict[str, Any]:
        best = trial.best(self.measure)
        return {
            "trial": trial.number,
            "values": asdict(trial.values),
            "epochs": len(trial.epochs),
            "best_epoch": best and best.epoch,
            "validation_loss": best and best.loss,
            "validation_auc": None if best is None or math.isnan(best.auc) else best.auc,
            "failure": trial.failure,
        }


def tune(  # noqa: PLR0913  what is trained, what is tried, and where it lies
    snapshot: Path,
    *,
    model: ModelConfig,
    settings: TrainingSettings,
    space: TuneSettings,
    base: Path | None,
    folder: Path,
    seed: int,
    on_epoch: Callable[[int, TuneEpoch], None] | None = None,
) -> TuneResult:
    """Tries settings drawn from a space on a snapshot's training side, and compares them on its validation side.

    The test side is not looked at. The same call goes on where an interrupted one stopped; the same snapshot, settings
    and seed try the same, and with one trial at a time stop the same.

    Args:
        snapshot: folder of a frozen snapshot.
        model, settings: the first trial, and what the others have in common with it.
        base: folder of the model to start from (fine-tuning); None starts from random weights.
        folder: of this search alone.
        on_epoch: told of each new epoch of a trial, by its number, in the caller's thread.

    Raises:
        SnapshotError, ModelError: as for a training.
        TrainingError: not enough CPUs or GPUs, or no trial came to an end.
    """
    check_run(settings, folder.name)
    snapshot_hash, base = check_snapshot(snapshot), check_base(base, model)
    trials, tasks = [], []
    for number, values in enumerate(draw(space, Values.of(model, settings), seed)):
        its_model, its_settings = values.set_in(model, settings.model_copy(update={"workers": 0}))
        trials.append(TuneTrial(number=number, values=values))
        tasks.append(
            Task(
                snapshot=snapshot.resolve(),
                snapshot_hash=snapshot_hash,
                model=check_sizes(snapshot, its_model, its_settings),
                settings=its_settings,
                base=base,
                seed=seed,
            )
        )
    claim(folder, _fingerprint(tasks, space))
    if not all(trial.filled(folder).finished for trial in trials):
        from components.training._on_tune import run_trials  # Ray takes seconds to import

        run_trials(trials, tasks, space, folder=folder.absolute(), on_epoch=on_epoch)
    result = TuneResult(measure=space.measure, trials=tuple(trial.filled(folder) for trial in trials))
    if result.best.best(space.measure) is None:
        raise TrainingError(f"No trial came to an end; the first failed: {result.trials[0].failure}.")
    return result


def _fingerprint(tasks: list[Task], space: TuneSettings) -> str:
    """SHA-256 over what is tried and how it is compared."""
    facts = [*(task.fingerprint() for task in tasks), space.model_dump_json(exclude={"concurrent"})]
    return hashlib.sha256("\n".join(facts).encode()).hexdigest()

"""The training step: a first model from random, generic or contrastively trained weights, or the champion adapted."""

import math
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from components.datasets import Snapshot
from components.evaluation import judge_views
from components.models import ModelConfig, StudyNet, load_model, save_model, start_from_generic
from components.settings import Objective, Settings
from components.training import EpochReport, TrainingResult, adapt, train
from flows._steps import step
from flows._telling import Report, progress, say


class Method(StrEnum):
    """How a first model is made: from labels alone, or from contrastive pre-training and then labels."""

    SUPERVISED = "supervised"
    SUPCON = "supcon"


@step(name="train")
def fit(  # noqa: PLR0913  # what is learned from, how, and from where
    snapshot: Snapshot,
    settings: Settings,
    folder: Path,
    run_name: str,
    *,
    base: Path | None = None,
    method: Method = Method.SUPERVISED,
) -> TrainingResult:
    """A model of the snapshot's training patients, from `base`'s weights where given.

    With a base, or with one that contrastive pre-training makes first, the ways to adapt it compete on the validation
    patients (`training.strategies`); without, all weights are trained.
    """

    def stage(objective: Objective) -> dict[str, Any]:
        return {
            "model": ModelConfig.from_settings(settings.model),
            "settings": settings.training.model_copy(update={"objective": objective}),
            "seed": settings.seed,
            "on_epoch": _told(report),
        }

    place = folder / "training"
    with progress("training", "training") as report:
        classify, start = stage(Objective.CLASSIFY), _generic(settings, folder) if base is None else None
        if base is None and method is Method.SUPERVISED:
            result = train(snapshot.folder, base=start, folder=place, run_name=run_name, **classify)
            return _with_useful_views(result, snapshot, folder / "frontal-alone")
        if base is None:
            contrast = stage(Objective.CONTRAST)
            first = train(snapshot.folder, base=start, folder=folder / "contrast", run_name=f"{run_name}-1", **contrast)
            base = first.model_dir
        result = adapt(snapshot.folder, base=base, folder=place, run_name=run_name, **classify)
    for trial in result.trials:
        chosen = ": goes on" if trial.chosen else ""
        say(f"  {trial.strategy.value:<9} mean AUC {trial.validation_auc:.3f} on the validation patients{chosen}")
    return _with_useful_views(result, snapshot, folder / "frontal-alone")


def _with_useful_views(result: TrainingResult, snapshot: Snapshot, folder: Path) -> TrainingResult:
    """The same; without its DuoNet where that is no better than SoloNet, as with few local laterals."""
    model = load_model(result.model_dir)
    trial = judge_views(model, snapshot)
    if trial is None:
        return result
    say(
        f"  {trial.studies} validation studies with a lateral image: mean AUC {trial.duo_auc:.3f} by both views, "
        f"{trial.solo_auc:.3f} by the frontal one: {'DuoNet' if trial.duo_is_worth_it else 'SoloNet'} judges them"
    )
    if trial.duo_is_worth_it:
        return result
    alone = StudyNet(model.config.model_copy(update={"duo": False}))
    alone.solo.load_state_dict(model.solo.state_dict())
    save_model(alone, folder)
    return replace(result, model_dir=folder, duo_best_epoch=None)


def _generic(settings: Settings, folder: Path) -> Path | None:
    """A model with the generic weights of `model.weights_dir`; None, where it is not set, for random ones."""
    if settings.model.weights_dir is None:
        return None
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)  # of its heads
        model = StudyNet(ModelConfig.from_settings(settings.model))
    start_from_generic(model, settings.model.weights_dir)
    save_model(model, folder / "generic")
    return folder / "generic"


def _told(report: Report) -> Callable[[EpochReport], None]:
    def told(epoch: EpochReport) -> None:
        report(epoch.epoch, epoch.epochs)
        auc = "" if math.isnan(epoch.validation_auc) else f", AUC {epoch.validation_auc:.3f}"
        auc += "" if epoch.duo_validation_auc is None else f", with laterals {epoch.duo_validation_auc:.3f}"
        say(
            f"  epoch {epoch.epoch:>2}/{epoch.epochs}  loss {epoch.train_loss:.3f}, on validation "
            f"{epoch.validation_loss:.3f}{auc}; {epoch.images_per_s:.0f} images/s"
        )

    return told

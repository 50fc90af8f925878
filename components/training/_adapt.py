"""Ways to adapt a base model that compete: new linear heads, new non-linear ones, or all weights fine-tuned."""

import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from components.catalog import Side
from components.datasets import Snapshot
from components.findings import FINDINGS
from components.models import HeadKind, ModelConfig, StudyNet, load_model, save_model, start_from
from components.settings import AugmentationSettings, Strategy, TrainingSettings
from components.training._checks import check_base, check_run, check_sizes, check_snapshot, claim
from components.training._embed import Embedded, embed
from components.training._heads import refit
from components.training._report import EpochReport, TrainingResult
from components.training._run import own_torch
from components.training._task import Task
from components.training._train import train
from components.training._trials import judge

_log = logging.getLogger(__name__)

_HEADS = {Strategy.LINEAR: HeadKind.LINEAR, Strategy.NONLINEAR: HeadKind.NONLINEAR}
_VIEWS, _MOST_ROWS = 4, 40_000  # a training picture is seen as it is and varied, while that many rows are not reached
_MIRRORED = AugmentationSettings(flip=1, rotate=0)
_MODEL, _ANSWERS = "model", "validation.parquet"
_NAMES = [finding.value for finding in FINDINGS]


def adapt(  # noqa: PLR0913  what is adapted, how, and where it lies
    snapshot: Path,
    *,
    base: Path,
    model: ModelConfig,
    settings: TrainingSettings,
    folder: Path,
    run_name: str,
    seed: int,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> TrainingResult:
    """Adapts a base model in each of `settings.strategies`; the simplest that is about as good as the best goes on.

    New heads on frozen backbones take seconds to minutes, and with few local studies they are the better way
    (Sellergren et al. 2022). The same call goes on where an interrupted one stopped: a finished way is not redone.

    Args:
        snapshot, model, settings, run_name, seed, on_epoch: as for `train`, which does the fine-tuning.
        base: folder of the model to adapt.
        folder: of this adaptation alone; each way has a folder of its own in it.

    Raises:
        as `train`.
    """
    check_run(settings, run_name)
    digest, start = check_snapshot(snapshot), check_base(base, model)
    model = check_sizes(snapshot, model, settings)
    model = model.model_copy(update={"head": load_model(base).config.head})  # whose weights fine-tuning starts from
    task = Task(
        snapshot=snapshot.resolve(), snapshot_hash=digest, model=model, settings=settings, base=start, seed=seed
    )
    claim(folder, task.fingerprint())
    result = TrainingResult(model_dir=folder, epochs=(), best_epoch=0)
    with _session(settings):
        _settle(task, folder, [strategy for strategy in _HEADS if strategy in settings.strategies])
        if Strategy.FINETUNE in settings.strategies:
            result = train(
                snapshot,
                model=model,
                settings=settings,
                base=base,
                folder=folder / Strategy.FINETUNE.value,
                run_name=run_name,
                seed=seed,
                on_epoch=on_epoch,
            )
            _settle(task, folder, [Strategy.FINETUNE])
    return _judged(task, folder, result)


def _session(settings: TrainingSettings) -> AbstractContextManager[None]:
    """One Ray for all ways, where Ray is used."""
    if settings.workers == 0:
        return nullcontext()
    from components.cluster import ray_session  # Ray takes seconds to import

    return ray_session()


def _settle(task: Task, folder: Path, strategies: Sequence[Strategy]) -> None:
    """Fits what is to be fitted and notes the validation answers, of the ways that are not finished yet."""
    left = [strategy for strategy in strategies if not (folder / strategy.value / _ANSWERS).is_file()]
    if not left:
        return
    if task.settings.workers == 0:
        settle(task, folder.resolve(), left)
        return
    from components.training._on_ray import once_on_ray

    once_on_ray(settle, task, folder.resolve(), left)


def settle(task: Task, folder: Path, strategies: Sequence[Strategy]) -> None:
    """The work on these ways, in the process and on the device that it is called in; their folders tell the rest."""
    with own_torch(task.settings.threads):
        snapshot = Snapshot.open(task.snapshot)
        if strategies == [Strategy.FINETUNE]:
            tuned = load_model(folder / Strategy.FINETUNE.value / _MODEL, _device(task))
            _note(tuned, _validation(tuned, snapshot), snapshot, folder / strategies[0].value)
            return
        base = _backbones(task)
        training = snapshot.cases(Side.TRAIN)
        views = max(1, min(_VIEWS, _MOST_ROWS // len(training)))
        variation = task.settings.augmentation
        learn = embed(base, snapshot, training, views=views, variation=variation, seed=task.seed)
        check = _validation(base, snapshot)
        for strategy in strategies:
            made = refit(base, _HEADS[strategy], learn, check, seed=task.seed)
            save_model(made, folder / strategy.value / _MODEL)
            _note(made, check, snapshot, folder / strategy.value)


def _validation(model: StudyNet, snapshot: Snapshot) -> Embedded:
    """The validation cases, and then their mirror images where the model answers by both."""
    views = 1 + model.config.test_time_flip
    return embed(model, snapshot, snapshot.cases(Side.VALIDATION), views=views, variation=_MIRRORED)


def _backbones(task: Task) -> StudyNet:
    """The base model; a DuoNet that it lacks says at first what its SoloNet says of the frontal image."""
    base, model = load_model(cast("Path", task.base)), StudyNet(task.model)
    start_from(model, base)
    if model.duo is not None and base.duo is None:
        for head, of_solo in zip(model.duo.heads, model.solo.heads, strict=True):
            state = of_solo.state_dict()
            blind = torch.zeros_like(state["1.weight"])
            head.load_state_dict(state | {"1.weight": torch.cat([state["1.weight"], blind], dim=1)})
    return model.to(_device(task)).eval()


def _device(task: Task) -> str:
    return "cuda" if task.settings.use_gpu else "cpu"


def _note(model: StudyNet, seen: Embedded, snapshot: Snapshot, folder: Path) -> None:
    """Writes the model's answers on the validation studies, last of all: they say that the way is finished."""
    cases = snapshot.cases(Side.VALIDATION)
    answers = _answers(model, seen, paired=cases["lateral"].to_numpy() >= 0)
    table = pd.DataFrame(answers, columns=_NAMES).assign(study=cases["study"].to_numpy())
    unfinished = folder / f"{_ANSWERS}.unfinished"
    table.groupby("study", sort=True)[_NAMES].mean().to_parquet(unfinished)
    unfinished.replace(folder / _ANSWERS)


@torch.no_grad()
def _answers(model: StudyNet, seen: Embedded, *, paired: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The ensemble's probabilities of each case, [N, 14]: by both views where there are both and a DuoNet."""
    views = 1 + model.config.test_time_flip
    said = {
        name: _mean(part.classify([rows.features for rows in seen[name]]).sigmoid(), views=views)
        for name, part in model.parts.items()
        if seen[name]
    }
    answers = said["solo"].copy()
    if "duo" in said:
        answers[paired] = said["duo"]
    return np.asarray(answers)


def _mean(said: torch.Tensor, *, views: int) -> NDArray[np.float64]:
    """Over members and views, [N, 14], of what is said of the cases view after view, [M, views × N, 14]."""
    return np.asarray(said.reshape(len(said), views, -1, said.shape[2]).mean(dim=(0, 1)).double().cpu().numpy())


def _judged(task: Task, folder: Path, result: TrainingResult) -> TrainingResult:
    """The chosen way's model, with the trials of all."""
    snapshot = Snapshot.open(task.snapshot)
    answers = {way: pd.read_parquet(folder / way.value / _ANSWERS) for way in task.settings.strategies}
    studies = snapshot.rows(Side.VALIDATION).drop_duplicates("study").set_index("study")
    trials = judge(snapshot.truth(Side.VALIDATION), answers, studies["patient"], seed=task.seed)
    chosen = next(trial.strategy for trial in trials if trial.chosen)
    for trial in trials:
        _log.info("%s: mean AUC %.3f on validation%s", trial.strategy, trial.validation_auc, " *" * trial.chosen)
    return replace(result, model_dir=folder / chosen.value / _MODEL, trials=trials)

"""Real radiographs: base on PA, adapted on AP, judged on unseen AP patients, beside a plain PyTorch loop."""

import copy
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from benchmarks._films import DATA, OBSERVED, Films, film_boxes, folds, freeze_films, read_films
from benchmarks._plain_loop import PlainLoop
from benchmarks._table import machine, markdown
from components.catalog import Side
from components.datasets import Snapshot
from components.evaluation import (
    Assessment,
    Comparison,
    PointingRate,
    assess,
    compare,
    pointing_game,
    predict,
)
from components.models import ModelConfig, load_model
from components.settings import GateSettings, Profile, Settings, SplitSettings, load_settings
from components.training import adapt, train

_SEED = 7
_EPOCHS = 15  # of the plain loop, on PA and again on AP
_BASE_SPLIT = SplitSettings(validation=0.15, test=0.02)


@dataclass(frozen=True, kw_only=True)
class Found:
    """What one contender made: scores of the AP films before and after it learned from AP, and CPU seconds.

    Scores are ranks within each third of the patients that was unseen (1 the highest), [N, 12] by film: three models'
    scores do not stand on one scale. cpu: of the base with one adaptation, the mean of three. pointing: the adapted
    models' pointing game over all findings, of each third.
    """

    base: pd.DataFrame
    adapted: pd.DataFrame
    cpu: float
    chosen: tuple[str, ...] = ()
    pointing: tuple[PointingRate, ...] = ()


def run() -> str:
    """Mean AUC over 12 NIH labels with intervals, the differences, and the CPU time."""
    if not (DATA / "studies.csv").is_file():
        return "Needs the real radiographs: set RADLOOP_SHARED_DATA."
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:  # side by side, one core each
        plain, product = (pool.submit(contender) for contender in (_plain, _product))
        return _told(plain.result(), product.result())


def _plain() -> Found:
    torch.set_num_threads(1)
    published, local = read_films()
    began = time.process_time()
    base = PlainLoop(len(OBSERVED), seed=_SEED)
    base.learn(published.files, _labels(published), epochs=_EPOCHS)
    of_base, parts, seconds = time.process_time() - began, [], []
    before = base.predict(local.files)
    for unseen in folds(local, seed=_SEED):
        began, held = time.process_time(), local.rows["patient_id"].isin(unseen)
        learned, judged = local.where(~held), local.where(held)
        tuned = copy.deepcopy(base)
        tuned.learn(learned.files, _labels(learned), epochs=_EPOCHS)
        seconds.append(time.process_time() - began)
        parts.append((judged, before[held.to_numpy()], tuned.predict(judged.files)))
    return _found(parts, of_base + float(np.mean(seconds)))


def _product() -> Found:
    """Snapshot, training and adaptation as `radloop pretrain` and `retrain` do them, with the profile `tiny`."""
    torch.set_num_threads(1)
    published, local = read_films()
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as place:
        folder = Path(place)
        settings = _settings(folder)
        began = time.process_time()
        frozen = freeze_films(
            published, folder / "pa", locked=set(), settings=settings.model_copy(update={"split": _BASE_SPLIT})
        )
        base = _trained(frozen, folder / "base", settings)
        of_base, parts, seconds, chosen, pointing = time.process_time() - began, [], [], [], []
        boxes = film_boxes(local, settings)
        for number, unseen in enumerate(folds(local, seed=_SEED)):
            began = time.process_time()
            frozen = freeze_films(local, folder / f"ap{number}", locked=unseen, settings=settings)
            model, way = _adapted(frozen, folder / f"adapted{number}", base, settings)
            seconds.append(time.process_time() - began)
            chosen.append(way)
            judged = local.where(local.rows["patient_id"].isin(unseen))
            parts.append((judged, _answers(base, frozen, judged), _answers(model, frozen, judged)))
            pointing += pointing_game(load_model(model), frozen, Side.TEST, boxes, settings=settings.gate)[-1:]
    found = _found(parts, of_base + float(np.mean(seconds)))
    return replace(found, chosen=tuple(chosen), pointing=tuple(pointing))


def _settings(home: Path) -> Settings:
    chosen = load_settings(home, profile=Profile.TINY, seed=_SEED)
    return chosen.model_copy(update={"training": chosen.training.model_copy(update={"threads": 1})})


def _trained(snapshot: Snapshot, folder: Path, settings: Settings) -> Path:
    model = ModelConfig.from_settings(settings.model)
    return train(
        snapshot.folder,
        model=model,
        settings=settings.training,
        base=None,
        folder=folder,
        run_name="base",
        seed=_SEED,
    ).model_dir


def _adapted(snapshot: Snapshot, folder: Path, base: Path, settings: Settings) -> tuple[Path, str]:
    result = adapt(
        snapshot.folder,
        base=base,
        model=ModelConfig.from_settings(settings.model),
        settings=settings.training,
        folder=folder,
        run_name="adapted",
        seed=_SEED,
    )
    return result.model_dir, next(trial.strategy.value for trial in result.trials if trial.chosen)


def _answers(model: Path, snapshot: Snapshot, judged: Films) -> NDArray[np.float64]:
    """The 12 NIH labels' scores [n, 12] of the locked films; mass and nodule are both our lung lesion."""
    scores = predict(load_model(model), snapshot, Side.TEST)
    studies = [f"S{number:05d}" for number in judged.rows.index]
    return np.asarray(scores.loc[studies, [finding.value for finding in OBSERVED.values()]].to_numpy())


def _labels(films: Films) -> NDArray[np.float32]:
    return films.truth.to_numpy(dtype=np.float32)


def _found(parts: list[tuple[Films, NDArray[np.floating], NDArray[np.floating]]], cpu: float) -> Found:
    base, adapted = (
        pd.concat(
            [pd.DataFrame(part[k], index=part[0].rows.index, columns=list(OBSERVED)).rank(pct=True) for part in parts]
        )
        for k in (1, 2)
    )
    return Found(base=base, adapted=adapted, cpu=cpu)


def _told(plain: Found, product: Found) -> str:
    _, local = read_films()
    patients = local.rows["patient_id"]
    judge = partial(compare, local.truth, patients=patients, settings=GateSettings(), seed=_SEED)
    alone = partial(assess, local.truth, patients=patients, settings=GateSettings(), seed=_SEED)
    rows = [
        [what, _mean(alone(one)), _mean(alone(other)), _difference(judge(one, other))]
        for what, one, other in (
            ("base, learned from PA", plain.base, product.base),
            ("adapted, learned from AP", plain.adapted, product.adapted),
        )
    ]
    rows.append(["CPU seconds", f"{plain.cpu:.0f}", f"{product.cpu:.0f}", f"× {product.cpu / plain.cpu:.2f}"])
    labels = [
        [label.label, label.positives, label.auc_a, label.auc_b, f"{label.delta:+.3f}", _interval(label.delta_ci)]
        for label in judge(plain.adapted, product.adapted).labels
    ]
    return "\n\n".join(
        [
            markdown(["mean AUC over 12 NIH labels", "plain PyTorch loop", "radloop, tiny", "difference"], rows),
            f"{len(local)} AP films of {patients.nunique()} patients, judged by models that saw nothing of the patient"
            f" (three parts in turn). Ways that went on: {', '.join(product.chosen)}. Adapting changed radloop by"
            f" {_difference(judge(product.base, product.adapted))}, the plain loop by"
            f" {_difference(judge(plain.base, plain.adapted))}. {_pointed(product.pointing)}",
            markdown(["adapted", "positives", "plain", "radloop", "difference", "95 % interval"], labels),
            f"{machine()}.",
        ]
    )


def _pointed(rates: tuple[PointingRate, ...]) -> str:
    boxes = sum(rate.n for rate in rates)
    hits, chance = sum(rate.hits for rate in rates), sum(rate.n * rate.chance for rate in rates) / boxes
    return f"Grad-CAM's hottest place lay in {hits} of NIH's {boxes} boxes; by chance {chance * boxes:.1f} would."


def _mean(found: Assessment) -> str:
    low, high = found.mean_auc_ci
    return f"{found.mean_auc:.3f} ({low:.3f}–{high:.3f})"


def _difference(found: Comparison) -> str:
    return f"{found.overall.delta:+.3f} ({_interval(found.overall.delta_ci)})"


def _interval(bounds: tuple[float, float]) -> str:
    return "{:+.3f} to {:+.3f}".format(*bounds)

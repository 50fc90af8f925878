"""Real radiographs: base on PA, adapted on AP, judged on unseen AP patients, beside a plain PyTorch loop."""

import copy
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
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

_SEEDS = (7, 8, 9)  # one training is luck: two of the same plain loop differ by as much as good from bad
_SHUFFLE = 7  # of the patients into thirds
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
        running = [(pool.submit(_plain, seed), pool.submit(_product, seed)) for seed in _SEEDS]
        plain, product = zip(*((one.result(), other.result()) for one, other in running), strict=True)
    return _told(plain, product)


def _plain(seed: int) -> Found:
    torch.set_num_threads(1)
    published, local = read_films()
    began = time.process_time()
    base = PlainLoop(len(OBSERVED), seed=seed)
    base.learn(published.files, _labels(published), epochs=_EPOCHS)
    of_base, parts, seconds = time.process_time() - began, [], []
    before = base.predict(local.files)
    for unseen in folds(local, seed=_SHUFFLE):
        began, held = time.process_time(), local.rows["patient_id"].isin(unseen)
        learned, judged = local.where(~held), local.where(held)
        tuned = copy.deepcopy(base)
        tuned.learn(learned.files, _labels(learned), epochs=_EPOCHS)
        seconds.append(time.process_time() - began)
        parts.append((judged, before[held.to_numpy()], tuned.predict(judged.files)))
    return _found(parts, of_base + float(np.mean(seconds)))


def _product(seed: int) -> Found:
    """Snapshot, training and adaptation as `radloop pretrain` and `retrain` do them, with the profile `tiny`."""
    torch.set_num_threads(1)
    published, local = read_films()
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as place:
        folder = Path(place)
        settings = _settings(folder, seed)
        began = time.process_time()
        frozen = freeze_films(
            published, folder / "pa", locked=set(), settings=settings.model_copy(update={"split": _BASE_SPLIT})
        )
        base = _trained(frozen, folder / "base", settings)
        of_base, parts, seconds, chosen, pointing = time.process_time() - began, [], [], [], []
        boxes = film_boxes(local, settings)
        for number, unseen in enumerate(folds(local, seed=_SHUFFLE)):
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


def _settings(home: Path, seed: int) -> Settings:
    chosen = load_settings(home, profile=Profile.TINY, seed=seed)
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
        seed=settings.seed,
    ).model_dir


def _adapted(snapshot: Snapshot, folder: Path, base: Path, settings: Settings) -> tuple[Path, str]:
    result = adapt(
        snapshot.folder,
        base=base,
        model=ModelConfig.from_settings(settings.model),
        settings=settings.training,
        folder=folder,
        run_name="adapted",
        seed=settings.seed,
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


def _told(plain: Sequence[Found], product: Sequence[Found]) -> str:
    _, local = read_films()
    before = _Judge(local, [one.base for one in plain], [one.base for one in product])
    after = _Judge(local, [one.adapted for one in plain], [one.adapted for one in product])
    rows = [
        ["base, learned from PA", *before.means(), _difference(before.compared())],
        ["adapted, learned from AP", *after.means(), _difference(after.compared())],
        *([f"adapted, seed {seed}", *after.of_seed(seed)] for seed in _SEEDS),
    ]
    seconds = [float(np.mean([one.cpu for one in contender])) for contender in (plain, product)]
    rows.append(["CPU seconds, mean", *(f"{one:.0f}" for one in seconds), f"× {seconds[1] / seconds[0]:.2f}"])
    gains = (_Judge(local, [one.base for one in who], [one.adapted for one in who]) for who in (product, plain))
    ours, theirs = (_difference(gain.compared()) for gain in gains)
    ways = Counter(way for one in product for way in one.chosen)
    return "\n\n".join(
        [
            markdown(["mean AUC over 12 NIH labels", "plain PyTorch loop", "radloop, tiny", "difference"], rows),
            f"{len(local)} AP films of {local.rows['patient_id'].nunique()} patients, judged by models that saw nothing"
            f" of the patient (three parts in turn), {len(_SEEDS)} trainings of each."
            f" Ways that went on: {', '.join(f'{way} {number} times' for way, number in ways.most_common())}."
            f" Adapting changed radloop by {ours}, the plain loop by {theirs}."
            f" {_pointed([rate for one in product for rate in one.pointing])}",
            markdown(["adapted", "positives", "plain", "radloop", "difference", "95 % interval"], after.labels()),
            f"{machine()}.",
        ]
    )


class _Judge:
    """Two contenders on the AP films: means over labels and seeds, intervals by a bootstrap of the patients."""

    def __init__(self, films: Films, one: Sequence[pd.DataFrame], other: Sequence[pd.DataFrame]) -> None:
        self._films = films
        self._sides = [pd.concat(scores, axis=1, keys=_SEEDS) for scores in (one, other)]
        self._truth = pd.concat([films.truth] * len(_SEEDS), axis=1, keys=_SEEDS)

    def compared(self, seeds: Sequence[int] = _SEEDS, labels: Sequence[str] = tuple(OBSERVED)) -> Comparison:
        """Over these alone."""
        tables = (_flat(table, seeds, labels) for table in (self._truth, *self._sides))
        patients = self._films.rows["patient_id"]
        return compare(*tables, patients=patients, settings=GateSettings(), seed=_SHUFFLE)

    def means(self) -> list[str]:
        """Mean AUC of each contender, with its interval."""
        patients = self._films.rows["patient_id"]
        truth = _flat(self._truth, _SEEDS, tuple(OBSERVED))
        sides = (_flat(side, _SEEDS, tuple(OBSERVED)) for side in self._sides)
        return [_mean(assess(truth, side, patients=patients, settings=GateSettings(), seed=_SHUFFLE)) for side in sides]

    def of_seed(self, seed: int) -> list[str]:
        """Both means and their difference in one of the trainings."""
        found = self.compared([seed])
        return [f"{found.overall.mean_auc_a:.3f}", f"{found.overall.mean_auc_b:.3f}", _difference(found)]

    def labels(self) -> list[list[object]]:
        """A row for each label."""
        found = {label: self.compared(labels=[label]).overall for label in OBSERVED}
        positives = self._films.truth.sum()
        return [
            [label, int(positives[label]), of.mean_auc_a, of.mean_auc_b, f"{of.delta:+.3f}", _interval(of.delta_ci)]
            for label, of in found.items()
        ]


def _flat(table: pd.DataFrame, seeds: Sequence[int], labels: Sequence[str]) -> pd.DataFrame:
    """The columns (seed, label) of these, under one name each."""
    chosen = table.loc[:, [(seed, label) for seed in seeds for label in labels]]
    return chosen.set_axis([f"{label} {seed}" for seed, label in chosen.columns], axis=1)


def _pointed(rates: Sequence[PointingRate]) -> str:
    boxes = sum(rate.n for rate in rates)
    hits, chance = sum(rate.hits for rate in rates), sum(rate.n * rate.chance for rate in rates) / boxes
    return (
        f"Grad-CAM's hottest place lay in {hits} of {boxes} looks at NIH's boxes; by chance {chance * boxes:.1f} would."
    )


def _mean(found: Assessment) -> str:
    low, high = found.mean_auc_ci
    return f"{found.mean_auc:.3f} ({low:.3f}–{high:.3f})"


def _difference(found: Comparison) -> str:
    return f"{found.overall.delta:+.3f} ({_interval(found.overall.delta_ci)})"


def _interval(bounds: tuple[float, float]) -> str:
    return "{:+.3f} to {:+.3f}".format(*bounds)

"""Three-step training on the invented hospital: what local images buy, and small heads against full fine-tuning."""

import tempfile
from pathlib import Path

import pandas as pd

from benchmarks._hospital import hospital_snapshot
from benchmarks._table import machine, markdown
from components.catalog import Side
from components.datasets import Snapshot
from components.evaluation import EfficiencyCurves, EfficiencyRepeats, compare, efficiency_curves, predict
from components.models import ModelConfig, load_model
from components.settings import (
    Architecture,
    GateSettings,
    ImagingSettings,
    ModelSettings,
    Objective,
    Optimizer,
    Precision,
    Schedule,
    Settings,
    SplitSettings,
    Strategy,
    TrainingSettings,
)
from components.simulator import Site
from components.training import adapt, train
from flows._learning import WAYS, Study, generic_model, learned_from

_SIZE, _SEED = 64, 7
_SITES = {
    Site.PUBLISHED: (1100, SplitSettings(validation=0.12, test=0.05)),
    Site.LOCAL: (1600, SplitSettings(validation=0.12, test=0.45)),
}
_REPEATS = {15: 3, 45: 5, 135: 2}
_FEW = 45
_MODEL = ModelConfig(members=(Architecture.DENSENET121,), image_size=_SIZE, dropout=0.1)
_TRAINING = TrainingSettings(
    epochs=12,
    batch_size=32,
    optimizer=Optimizer.ADAMW,
    learning_rate=0.002,
    weight_decay=0.01,
    schedule=Schedule.COSINE,
    precision=Precision.AUTO,
    workers=0,
)


def run() -> str:
    """The data-efficiency curves, the gap at 45 images, and the whole local set against the published base."""
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as place:
        folder = Path(place)
        published, local = (
            hospital_snapshot(
                folder / site,
                site,
                studies=studies,
                settings=Settings(seed=_SEED, imaging=ImagingSettings(size=_SIZE), split=split),
            )
            for site, (studies, split) in _SITES.items()
        )
        base = published_base(published, folder / "base")
        study = Study(
            snapshot=local,
            judged=Side.TEST,
            base=base,
            generic=generic_model(base, ModelSettings(), folder / "generic", seed=_SEED),
            model=_MODEL,
            training=_TRAINING,
            folder=folder,
            seed=_SEED,
        )
        curves = efficiency_curves(
            local.truth(Side.TEST),
            _trainings(study, most=len(local.rows(Side.TRAIN))),
            patients=_patients(local),
            settings=GateSettings(),
            seed=_SEED,
        )
        return f"{_table(curves)}\n\n{_gaps(curves)}\n\n{_against_base(study, folder / 'adapted')}\n\n{machine()}."


def published_base(snapshot: Snapshot, folder: Path) -> Path:
    """A model of the published hospital: contrastive pre-training on abnormality, then linear heads."""
    contrast = train(
        snapshot.folder,
        model=_MODEL,
        settings=_TRAINING.model_copy(update={"objective": Objective.CONTRAST}),
        base=None,
        folder=folder / "contrast",
        run_name="contrast",
        seed=_SEED,
    )
    heads = adapt(
        snapshot.folder,
        base=contrast.model_dir,
        model=_MODEL,
        settings=_TRAINING.model_copy(update={"strategies": (Strategy.LINEAR,)}),
        folder=folder / "heads",
        run_name="heads",
        seed=_SEED,
    )
    return heads.model_dir


def _trainings(study: Study, *, most: int) -> list[EfficiencyRepeats]:
    counts = {**{images: repeats for images, repeats in _REPEATS.items() if images < most}, most: 1}
    return [learned_from(study, way, images=images, repeats=counts[images]) for way in WAYS for images in counts]


def _patients(snapshot: Snapshot) -> "pd.Series[str]":
    return snapshot.rows(Side.TEST).drop_duplicates("study").set_index("study")["patient"]


def _table(curves: EfficiencyCurves) -> str:
    counts = sorted({point.images for point in curves.points})
    rows = [
        [strategy, *[f"{point.mean_auc:.3f} ({point.low:.3f}–{point.high:.3f})" for point in curves.of(strategy)]]
        for strategy in curves.strategies
    ]
    return markdown(["mean AUC from local images", *map(str, counts)], rows)


def _gaps(curves: EfficiencyCurves) -> str:
    """Small heads against generic weights with full fine-tuning, and where that overtakes them."""
    *ours, _, generic = curves.strategies
    rows = []
    for small in ours:
        gap = curves.gap(small, generic, _FEW)
        if gap is not None:
            ahead = f"{gap.delta:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
            rows.append([small, ahead, curves.crossing(small, generic) or "not seen"])
    return markdown([f"against: {generic}", f"ahead at {_FEW} images", "overtaken from images"], rows)


def _against_base(study: Study, folder: Path) -> str:
    """All ways compete on all local images, as in `radloop retrain`; the one that goes on, against the base."""
    result = adapt(
        study.snapshot.folder,
        base=study.base,
        model=study.model,
        settings=study.training,
        folder=folder,
        run_name="adapted",
        seed=_SEED,
    )
    before, after = (
        predict(load_model(place), study.snapshot, study.judged) for place in (study.base, result.model_dir)
    )
    truth, patients = study.snapshot.truth(study.judged), _patients(study.snapshot)
    found = compare(truth, before, after, patients=patients, settings=GateSettings(), seed=_SEED).overall
    chosen = next(trial.strategy for trial in result.trials if trial.chosen)
    low, high = found.delta_ci
    columns = ["published base", f"adapted ({chosen})", "difference", "95 % interval"]
    return markdown(
        columns, [[found.mean_auc_a, found.mean_auc_b, f"{found.delta:+.3f}", f"{low:+.3f} to {high:+.3f}"]]
    )

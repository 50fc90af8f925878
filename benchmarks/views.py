"""Two views against one: DuoNet beside SoloNet on the invented hospital's studies with a lateral image."""

import tempfile
from pathlib import Path

import pandas as pd

from benchmarks._hospital import hospital_snapshot
from benchmarks._table import machine, markdown
from components.catalog import Side
from components.datasets import Snapshot
from components.deidentify import open_identities
from components.evaluation import Comparison, compare, predict
from components.findings import Finding
from components.models import ModelConfig, StudyNet, load_model
from components.settings import (
    Architecture,
    GateSettings,
    ImagingSettings,
    Optimizer,
    Precision,
    Schedule,
    Settings,
    SplitSettings,
    TrainingSettings,
)
from components.simulator import Site
from components.training import train

_STUDIES, _SIZE, _SEED = 6000, 64, 7
_SPLIT = SplitSettings(validation=0.12, test=0.40)
_MODEL = ModelConfig(members=(Architecture.DENSENET121,), image_size=_SIZE, dropout=0.1)
_TRAINING = TrainingSettings(
    epochs=8,
    batch_size=32,
    optimizer=Optimizer.ADAMW,
    learning_rate=0.002,
    weight_decay=0.01,
    schedule=Schedule.COSINE,
    precision=Precision.AUTO,
    workers=0,
)
_GENTLY = 0.2
_LATERAL = (Finding.PLEURAL_EFFUSION, Finding.LUNG_LESION, Finding.PNEUMONIA)
"""Which the simulator may draw so that only the lateral view shows them."""


def run() -> str:
    """AUC of both networks on the same locked two-view studies, paired."""
    with tempfile.TemporaryDirectory(prefix="radloop-bench-") as place:
        folder = Path(place)
        settings = Settings(seed=_SEED, imaging=ImagingSettings(size=_SIZE), split=_SPLIT)
        snapshot = hospital_snapshot(folder, Site.LOCAL, studies=_STUDIES, settings=settings)
        solo = _trained(snapshot, folder / "solo", duo=False, base=None)
        both = _trained(snapshot, folder / "duo", duo=True, base=solo)
        return _compared(load_model(both), snapshot, _lateral_only(folder))


def _lateral_only(folder: Path) -> pd.DataFrame:
    """Which findings only the lateral shows, bool [studies, 3], by the hospital's own truth."""
    told = pd.read_csv(folder / "hospital" / "truth.csv", keep_default_na=False)
    with open_identities(Settings(home=folder / "home")) as identities:
        studies = pd.Index([identities.pseudonymiser.uid(uid) for uid in told["study_uid"]])
    hidden = told["lateral_only"].str.split()
    return pd.DataFrame({name: [name in found for found in hidden] for name in _LATERAL}, index=studies)


def _trained(snapshot: Snapshot, folder: Path, *, duo: bool, base: Path | None) -> Path:
    """SoloNet alone from random weights; then both from it, gently: DuoNet's two backbones start as SoloNet's."""
    rate = _TRAINING.learning_rate * (1 if base is None else _GENTLY)
    return train(
        snapshot.folder,
        model=_MODEL.model_copy(update={"duo": duo}),
        settings=_TRAINING.model_copy(update={"learning_rate": rate}),
        base=base,
        folder=folder,
        run_name="views",
        seed=_SEED,
    ).model_dir


def _compared(model: StudyNet, snapshot: Snapshot, lateral_only: pd.DataFrame) -> str:
    both = predict(model, snapshot, Side.TEST)
    model.duo = None  # now SoloNet answers for every study
    one = predict(model, snapshot, Side.TEST)
    cases = snapshot.cases(Side.TEST)
    paired = cases[cases["lateral"] >= 0].drop_duplicates("study").set_index("study")["patient"]
    truth = snapshot.truth(Side.TEST).loc[paired.index]
    hidden, present = lateral_only.loc[paired.index], truth[list(_LATERAL)]
    alone = _judged(present.mask((present == 1) & ~hidden), one, both, paired)
    frontal = _judged(present.mask((present == 1) & hidden), one, both, paired)
    rows = [
        _row("all findings", _judged(truth, one, both, paired)),
        _row("positives that the lateral alone shows", alone),
        *_rows("the lateral alone", alone),
        _row("positives that the frontal shows too", frontal),
        *_rows("the frontal too", frontal),
    ]
    columns = ["", "positives", "SoloNet", "DuoNet", "difference", "95 % interval"]
    return f"{len(truth)} studies of {paired.nunique()} patients.\n\n{markdown(columns, rows)}\n\n{machine()}."


def _judged(truth: pd.DataFrame, one: pd.DataFrame, both: pd.DataFrame, patients: "pd.Series[str]") -> Comparison:
    return compare(truth, one, both, patients=patients, settings=GateSettings(), seed=_SEED)


def _row(name: str, found: Comparison) -> list[object]:
    overall = found.overall
    return [
        f"mean AUC, {name}",
        "",
        overall.mean_auc_a,
        overall.mean_auc_b,
        f"{overall.delta:+.3f}",
        _interval(overall.delta_ci),
    ]


def _rows(shown_by: str, found: Comparison) -> list[list[object]]:
    return [
        [
            f"{label.label}, {shown_by}",
            label.positives,
            label.auc_a,
            label.auc_b,
            f"{label.delta:+.3f}",
            _interval(label.delta_ci),
        ]
        for label in found.labels
    ]


def _interval(bounds: tuple[float, float]) -> str:
    return "{:+.3f} to {:+.3f}".format(*bounds)

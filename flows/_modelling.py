"""The steps that `base` and `retrain` share: from the catalog to a registered, judged, documented model."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from components.catalog import Catalog, Prediction, Side
from components.datasets import Snapshot
from components.datasets import freeze as freeze_snapshot
from components.evaluation import choose_thresholds, fit_calibration, predict
from components.findings import FINDINGS, Finding
from components.imaging import PREPROCESSING_VERSION
from components.labeler import LABELER_VERSION
from components.models import load_model
from components.promotion import Alias, Preprocessing, Registry, read_bundle, write_bundle
from components.quality import QualityReport, SnapshotProfile, check_retraining, profile_of, write_data_docs
from components.settings import Settings
from components.training import EpochReport, TrainingResult
from flows._steps import step
from flows._telling import progress, say

DATA_DOCS = "data-docs.html"
_NO_FIGURES = ("epoch", "epochs")


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trained model packed for the registry: its version, run and bundle folder."""

    version: str
    run_id: str
    bundle: Path
    training: TrainingResult


def registry(settings: Settings) -> Registry:
    """The hospital's registry: one registered model, whatever site it was first trained on."""
    return Registry(settings.tracking, artifacts=settings.artifacts, site=settings.site)


@step(name="freeze a snapshot")
def freeze(site: str, settings: Settings, folder: Path) -> Snapshot:
    """Everything labelled of one site, as it is now; new patients get their side of the split, for ever."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog, progress("packing images", "snapshot") as report:
        snapshot = freeze_snapshot(
            catalog,
            store=settings.store,
            site=site,
            folder=folder / "snapshot",
            size=settings.imaging.size,
            split=settings.split,
            uncertain=settings.training.uncertain,
            seed=settings.seed,
            preprocessing=PREPROCESSING_VERSION,
            progress=report,
        )
    for finding, positives in (snapshot.record.masked or {}).items():
        say(f"  {finding} has {positives} positives to learn from, too few: left out of the loss")
    sizes = snapshot.manifest.groupby("side")["patient"].nunique()
    sides = ", ".join(f"{sizes.get(side.value, 0)} {side.value}" for side in Side)
    say(f"  snapshot {snapshot.hash[:12]}: {len(snapshot.manifest)} images; patients: {sides}")
    return snapshot


@step(name="check the snapshot")
def check(snapshot: Snapshot, site: str, settings: Settings, folder: Path) -> QualityReport:
    """Whether these data may be trained on; a critical failure ends the run here, its Data Docs already written."""
    report = check_retraining(
        snapshot.manifest,
        pictures=(snapshot.pixels[row] for row in range(len(snapshot.pixels))),
        labelers=snapshot.record.origin.labelers,
        accepted=_last_accepted(site, settings),
        subject=f"the snapshot of {site}",
    )
    write_data_docs(folder / DATA_DOCS, report, generated=datetime.now(UTC))
    for warning in report.warnings:
        say(f"  warning: {warning.sentence}")
    report.raise_if_critical()
    return report


def _last_accepted(site: str, settings: Settings) -> SnapshotProfile | None:
    """The profile of the site's newest snapshot that passed its checks: it was trained on, whatever the gate said."""
    shelf = registry(settings)
    for model in shelf.models():
        kept = shelf.attachment(model.version, "profile")
        profile = None if kept is None else SnapshotProfile.model_validate_json(kept)
        if profile is not None and profile.site == site:
            return profile
    return None


@step(name="package and register")
def register(  # noqa: PLR0913  # what a version is made of
    snapshot: Snapshot,
    training: TrainingResult,
    settings: Settings,
    *,
    folder: Path,
    run_name: str,
    base: str | None = None,
) -> Candidate:
    """Calibration and thresholds from the validation patients, bundle, MLflow run, version with alias challenger."""
    policy, truth = settings.gate, snapshot.truth(Side.VALIDATION)
    scores = predict(load_model(training.model_dir), snapshot, Side.VALIDATION)
    calibration = fit_calibration(truth, scores, policy.calibration, min_positives=policy.min_positives)
    bundle = write_bundle(
        folder / "bundle",
        training.model_dir,
        site=settings.site,
        thresholds=choose_thresholds(truth, calibration.apply(scores), policy.thresholds),
        calibration=calibration,
        preprocessing=Preprocessing(
            version=PREPROCESSING_VERSION,
            size=snapshot.size,
            crop_borders=settings.imaging.crop_borders,
            fit=settings.imaging.fit,
        ),
        labeler_version=LABELER_VERSION,
        snapshot_hash=snapshot.hash,
        base_version=base,
        code_version=code_version(),
        now=datetime.now(UTC),
    )
    shelf = registry(settings)
    run_id = shelf.log_training(
        run_name,
        params=parameters(settings) | _trials(training),
        epochs=[_figures(epoch) for epoch in training.epochs],
        tags={"radloop.base_version": base or "none", "radloop.code": code_version()},
        snapshot_hash=snapshot.hash,
    )
    number = shelf.register(bundle, run_id)
    origin = snapshot.record.origin
    profile = folder / "profile.json"
    profile.write_text(
        profile_of(snapshot.manifest, site=origin.site, labelers=origin.labelers).model_dump_json(indent=2)
    )
    shelf.attach(number, profile, "profile")
    shelf.attach(number, folder / DATA_DOCS, "data_docs")
    return Candidate(version=number, run_id=run_id, bundle=bundle, training=training)


@step(name="score the locked patients")
def score(bundle: Path, snapshot: Snapshot) -> pd.DataFrame:
    """Probabilities of the bundle's model for the locked test studies."""
    with progress("scoring", "scoring") as report:
        scores = predict(load_model(bundle), snapshot, Side.TEST, progress=report)
    return read_bundle(bundle).calibration.apply(scores)


@step(name="score every study")
def remember_scores(candidate_version: str, bundle: Path, snapshot: Snapshot, settings: Settings) -> int:
    """The champion's probabilities for all studies into the catalog, from which the reading queue is made."""
    model, calibration = load_model(bundle), read_bundle(bundle).calibration
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        return sum(
            catalog.add_predictions(_predictions(calibration.apply(predict(model, snapshot, side)), candidate_version))
            for side in Side
        )


def champion_thresholds(settings: Settings) -> tuple[str, Mapping[Finding, float | None]]:
    """Version and thresholds of the model in service; ModelError where there is none."""
    bundle = registry(settings).fetch(Alias.CHAMPION, settings.home / "models")
    return bundle.name, read_bundle(bundle).thresholds


def parameters(settings: Settings) -> dict[str, Any]:
    """The settings that make a model, flat, for MLflow and the report card."""
    chosen = settings.model_dump(mode="json", include={"seed", "imaging", "split", "model", "training", "gate"})
    return _flat(chosen, "")


def _flat(values: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    """Concerns within concerns as names with dots."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {f"{prefix}{name}": value}
    return flat


@cache
def code_version() -> str:
    """radloop's own version."""
    return version("radloop")


def work_folder(settings: Settings, run_name: str) -> Path:
    """A new folder of one run: snapshot, training, bundle and report card."""
    folder = settings.home.absolute() / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{run_name}"
    folder.mkdir(parents=True)
    return folder


def _figures(epoch: EpochReport) -> dict[str, float]:
    """What MLflow shows of an epoch."""
    figures = asdict(epoch)
    return {name: float(value) for name, value in figures.items() if name not in _NO_FIGURES and value is not None}


def _trials(training: TrainingResult) -> dict[str, str]:
    """The ways that competed, and which one goes on, for MLflow."""
    found: dict[str, str] = {}
    for trial in training.trials:
        found |= {"strategy": trial.strategy.value} if trial.chosen else {}
        found[f"trial.{trial.strategy.value}.validation_auc"] = f"{trial.validation_auc:.4f}"
        found[f"trial.{trial.strategy.value}.error_of_difference"] = f"{trial.error_of_difference:.4f}"
    return found


def _predictions(scores: pd.DataFrame, model_version: str) -> list[Prediction]:
    return [
        Prediction(study=study, model_version=model_version, finding=finding, probability=row[finding.value])
        for study, row in scores.to_dict(orient="index").items()
        for finding in FINDINGS
    ]

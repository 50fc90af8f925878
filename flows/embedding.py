"""Embeddings of a catalog's images, and heads for further findings on them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.catalog import Catalog, Side, View
from components.datasets import assign_sides
from components.errors import ConfigurationError, RadloopError
from components.promotion import (
    Alias,
    HeadRegistry,
    HeadVerdict,
    Ledger,
    LedgerKind,
    head_level,
    judge_head,
    read_bundle,
)
from components.settings import Settings
from components.training import (
    Embedding,
    Embeddings,
    FittedHead,
    Head,
    Source,
    answers_of,
    backbones_digest,
    embed_images,
    fit_head,
)
from flows._head_labels import HeadLabels, read_head_labels
from flows._modelling import registry
from flows._telling import progress, say

_FRONTAL = [view.value for view in View if view.is_frontal]
_OF_IMAGE = ["image", "study", "patient", "view", "input_key"]
LABELS = "labels.parquet"


@dataclass(frozen=True, kw_only=True)
class Embedded:
    """A model's embeddings as they lie in `folder`: how many of the catalog's images, and how many of them are new."""

    version: str
    folder: Path
    images: int
    new: int


def embed(settings: Settings, *, site: str | None = None, version: str | None = None) -> Embedded:
    """Embeds every catalogued image, of one site or of all, that a registry model has not embedded yet.

    Args:
        version: of the model; None: the champion.

    Raises:
        ModelError: no such model.
        StorageError, ServerError: as `embed_images`.
    """
    return _embed(_images(settings, site), settings, version)


def fit_heads(
    file: Path | None, settings: Settings, *, finding: str | None = None, version: str | None = None
) -> list[dict[str, Any]]:
    """A head for each finding of a table of labels; one that the locked patients confirm is put into service.

    Args:
        file: see `read_head_labels`; None fits the heads again that were fitted here before, from the labels kept.
        finding: the one to fit; None: all of the table, or all that are known.
        version: of the model whose embeddings the heads read; None: the champion.

    Raises:
        ModelError: no such model.
        TrainingError: too few labels for a finding.
        as `read_head_labels`.
    """
    labels = (
        _kept(settings, finding)
        if file is None
        else read_head_labels(file, settings, finding=finding, site=settings.site)
    )
    images = _images(settings, settings.site)
    images = images[images["view"].isin(_FRONTAL) & images["study"].isin(labels.labels.index)]
    embedded = _embed(images, settings, version)
    model = registry(settings).fetch(version or Alias.CHAMPION, settings.home / "models")
    backbones = backbones_digest(model)
    known, features = Embeddings(embedded.folder, backbones=backbones).read(set(images["image"]))
    known["side"] = known["patient"].map(_sides(known, labels.labels, settings)).astype("str")
    source = Source(site=settings.site, model_version=embedded.version, backbones=backbones)
    without = len(labels.labels) - known["study"].nunique()
    facts = {"rows": labels.rows, "unknown": labels.unknown, "shared": labels.shared, "without_frontal": without}
    return [
        facts | _fit(name, known, features, labels.labels[name], source=source, settings=settings)
        for name in labels.labels.columns
    ]


def refit_heads(settings: Settings) -> None:
    """After a new champion: a head whose networks it did not keep is fitted anew; what cannot be is told."""
    digest = backbones_digest(registry(settings).fetch(Alias.CHAMPION, settings.home / "models"))
    shelf = HeadRegistry(settings.tracking, site=settings.site)
    for finding, version in sorted(shelf.champions().items()):
        if Head.load(shelf.fetch(finding, version, settings.home / "models" / "heads")).config.backbones == digest:
            continue
        try:
            fitted = fit_heads(None, settings, finding=finding)[0]
        except RadloopError as error:  # the champion serves all the same
            say(f"  the head for {finding} was not fitted again: {error}")
        else:
            say(f"  head for {finding}: {fitted['reason']}")


def _images(settings: Settings, site: str | None) -> pd.DataFrame:
    """The catalogued images with their patients."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        return catalog.images(site).merge(catalog.studies(site)[["study", "patient"]], on="study")[_OF_IMAGE]


def _embed(images: pd.DataFrame, settings: Settings, version: str | None) -> Embedded:
    bundle = registry(settings).fetch(version or Alias.CHAMPION, settings.home / "models")
    folder = embeddings_folder(settings) / bundle.name
    embedding = Embedding(
        model_dir=bundle.absolute(),
        version=bundle.name,
        store=settings.store,
        size=read_bundle(bundle).preprocessing.size,
        folder=folder,
        settings=settings.training,
    )
    with progress("embedding", "embedding") as report:
        new = embed_images(embedding, images, progress=report)
    return Embedded(version=bundle.name, folder=folder, images=len(images), new=new)


def embeddings_folder(settings: Settings) -> Path:
    """Where the embeddings of each model version lie."""
    return settings.home.absolute() / "embeddings"


def heads_folder(settings: Settings) -> Path:
    """Where the labels lie that heads were fitted on."""
    return settings.home.absolute() / "heads"


def _kept(settings: Settings, finding: str | None) -> HeadLabels:
    """The labels that earlier heads were fitted on."""
    files = {file.parent.name: file for file in sorted(heads_folder(settings).glob(f"*/{LABELS}"))}
    if finding is not None:
        files = {name: file for name, file in files.items() if name == finding}
    if not files:
        raise ConfigurationError("No head was fitted here yet: give a table of labels.")
    columns = {name: pd.read_parquet(file).set_index("study")["present"].astype(float) for name, file in files.items()}
    labels = pd.DataFrame(columns)
    return HeadLabels(labels=labels, rows=len(labels), unknown=0, shared=0)


def _sides(known: pd.DataFrame, labels: pd.DataFrame, settings: Settings) -> Mapping[str, str]:
    """Patient → side; who has none yet gets one, for ever."""
    studies = known.drop_duplicates("study")
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        fixed = catalog.sides(settings.site)
        sides = assign_sides(
            labels.loc[studies["study"]].to_numpy() == 1,
            studies["patient"].to_list(),
            settings=settings.split,
            seed=settings.seed,
            fixed=fixed,
        )
        catalog.assign_sides(settings.site, {patient: side for patient, side in sides.items() if patient not in fixed})
    return {patient: side.value for patient, side in sides.items()}


def _keep(finding: str, images: pd.DataFrame, settings: Settings) -> None:
    """The labels, by pseudonyms, so that the head can be fitted again on another model's embeddings."""
    folder = heads_folder(settings) / finding
    folder.mkdir(parents=True, exist_ok=True)
    table = images[["study", "patient", "present"]].drop_duplicates("study")
    table.to_parquet(folder / f".{LABELS}")
    (folder / f".{LABELS}").replace(folder / LABELS)


def _fit(  # noqa: PLR0913  # what is learned from, and where it comes from
    finding: str,
    known: pd.DataFrame,
    features: NDArray[np.float32],
    labels: "pd.Series[float]",
    *,
    source: Source,
    settings: Settings,
) -> dict[str, Any]:
    """One finding's head, fitted, judged and registered; what there is to tell of it."""
    present = known["study"].map(labels)
    said = present.notna().to_numpy()
    images, features = known[said].assign(present=present[said] == 1).reset_index(drop=True), features[said]
    fitted = fit_head(
        finding,
        images,
        features,
        source=source,
        min_positives=settings.gate.min_positives,
        seed=settings.seed,
        now=datetime.now(UTC),
    )
    _keep(finding, images, settings)
    locked = (images["side"] == Side.TEST.value).to_numpy()
    verdict = _judge(fitted.head, images[locked], features[locked], settings)
    version = _register(fitted, verdict, settings)
    return _told(fitted, verdict, version)


def _judge(head: Head, images: pd.DataFrame, features: NDArray[np.float32], settings: Settings) -> HeadVerdict:
    """The locked patients' word on a head; the look is in the ledger first."""
    ledger, config = Ledger(settings.ledger), head.config
    with ledger.alone():
        level = head_level(ledger.entries(), config.finding, settings.gate)
        look = {"head": config.finding, "model": config.model_version, "studies": images["study"].nunique()}
        ledger.append(LedgerKind.LOOK, look | {"level": level}, datetime.now(UTC))
    return judge_head(answers_of(head, images, features), level=level, settings=settings.gate)


def _register(fitted: FittedHead, verdict: HeadVerdict, settings: Settings) -> str:
    """Into the registry with its figures; into service where the locked patients confirm it."""
    config, shelf = fitted.head.config, HeadRegistry(settings.tracking, site=settings.site)
    params = {name: value for name, value in config.model_dump(mode="json").items() if name != "learned_from"}
    sides = {
        f"{side}.{name}": n for side, count in config.learned_from.items() for name, n in count.model_dump().items()
    }
    figures = {"test_auc": verdict.auc, "test_auc_low": verdict.auc_ci.low, "test_auc_high": verdict.auc_ci.high}
    of_trials = {f"{trial.strategy.value}_validation_auc": trial.validation_auc for trial in fitted.trials}
    with tempfile.TemporaryDirectory() as place:
        fitted.head.save(Path(place) / "head")
        version = shelf.register(Path(place) / "head", params=params | sides, metrics=figures | of_trials)
    kind = LedgerKind.VERDICT if verdict.passed else LedgerKind.REFUSAL
    body = {"head": config.finding, "version": version, "model": config.model_version, "reason": verdict.sentence}
    Ledger(settings.ledger).append(kind, body, datetime.now(UTC))
    if verdict.passed:
        shelf.promote(config.finding, version)
    return version


def _told(fitted: FittedHead, verdict: HeadVerdict, version: str) -> dict[str, Any]:
    """For the table and `--json`; undefined figures are None."""
    config = fitted.head.config
    return {
        "finding": config.finding,
        "version": version,
        "model_version": config.model_version,
        "kind": config.kind.value,
        "folds": fitted.folds,
        "learned_from": {side: count.model_dump() for side, count in config.learned_from.items()},
        "trials": [
            {"kind": trial.strategy.value, "validation_auc": _figure(trial.validation_auc), "chosen": trial.chosen}
            for trial in fitted.trials
        ],
        "threshold": config.threshold,
        "n": verdict.n,
        "positives": verdict.positives,
        "auc": _figure(verdict.auc),
        "auc_ci": None if np.isnan(verdict.auc_ci.low) else list(verdict.auc_ci),
        "in_service": verdict.passed,
        "reason": verdict.sentence,
    }


def _figure(value: float) -> float | None:
    return None if np.isnan(value) else float(value)

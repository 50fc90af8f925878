"""Data efficiency: how many local images each way of training needs, on the hospital's own studies."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from prefect import flow

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ConfigurationError, ModelError, SnapshotError
from components.evaluation import (
    EfficiencyRepeats,
    EfficiencyStudy,
    EmbeddingMap,
    efficiency_curves,
    embedding_map,
    write_efficiency_page,
)
from components.findings import FINDINGS, Finding
from components.models import ModelConfig, load_model
from components.promotion import Alias
from components.settings import Settings, load_settings
from components.training import embeddings_of
from flows._learning import WAYS, Study, Way, generic_model, learned_from
from flows._modelling import freeze, registry, work_folder
from flows._steps import run_name, step
from flows._telling import progress, say

_FEWEST, _TIMES = 15, 3  # numbers of images: 15, 45, 135 … and all
_REPEATS = 3
_MOST_MAPPED = 2000
_FOLDER = "efficiency"
_DOCUMENT, _PAGE = "efficiency.json", "efficiency.html"


@flow(name="efficiency", flow_run_name=run_name("efficiency"))
def efficiency(site: str | None = None, images: list[int] | None = None, repeats: int = _REPEATS) -> dict[str, Any]:
    """AUC against the number of local images for each way of training, and maps of what the networks see.

    Judged by the validation patients: the locked ones are for the gate, and every look at them counts. Starts from the
    first model in the champion's line, which has not seen the hospital's own images.

    Args:
        site: whose images.
        images: numbers of local images to learn from; None: 15, 45, 135 … and all.
        repeats: models of each way and number.

    Raises:
        ConfigurationError: no repeats.
        ModelError: there is no champion.
        SnapshotError: there are fewer training images than asked for.
    """
    if repeats < 1:
        raise ConfigurationError(f"The 'repeats' of a data-efficiency study must be at least 1. Got {repeats}.")
    settings = load_settings()
    site = site or settings.site
    base, version = _base(settings)
    folder = work_folder(settings, f"{_FOLDER}-{site}")
    snapshot = freeze(site, settings, folder)
    study = Study(
        snapshot=snapshot,
        judged=Side.VALIDATION,
        base=base,
        generic=generic_model(base, settings.model, folder / "generic", seed=settings.seed),
        model=ModelConfig.from_settings(settings.model).model_copy(update={"duo": False}),
        training=settings.training,
        folder=folder,
        seed=settings.seed,
    )
    counts = sorted(images) if images else image_counts(len(snapshot.rows(Side.TRAIN)))
    with progress("learning", _FOLDER) as report:
        trainings = []
        for number, (way, count) in enumerate((way, count) for way in WAYS for count in counts):
            trainings.append(learn(study, way, images=count, repeats=repeats))
            report(number + 1, len(WAYS) * len(counts))
    found = judge(study, trainings, maps(study), site=site, base=version, settings=settings)
    return _kept(found, folder, settings)


@step(name="learn from so many images")
def learn(study: Study, way: Way, *, images: int, repeats: int) -> EfficiencyRepeats:
    """One way's models from so many images, and what they say of the validation studies."""
    say(f"  {way.title}, {images} images")
    return learned_from(study, way, images=images, repeats=repeats)


@step(name="map the embeddings")
def maps(study: Study) -> tuple[EmbeddingMap, ...]:
    """The validation images as generic weights and as the base model see them, by their commonest finding."""
    rows = study.snapshot.rows(study.judged).head(_MOST_MAPPED)
    label = _commonest(study.snapshot, study.judged)
    truth = study.snapshot.truth(study.judged)[label.value]
    positive = (rows["study"].map(truth) == 1).to_numpy()
    titles = {"Generic weights": study.generic, "The base model": study.base}
    return tuple(
        embedding_map(
            embeddings_of(load_model(folder), study.snapshot, rows["row"].to_numpy()),
            positive,
            title=title,
            label=label.value,
            seed=study.seed,
        )
        for title, folder in titles.items()
    )


@step(name="judge by the validation patients")
def judge(  # noqa: PLR0913  what was found, and of what
    study: Study,
    trainings: Sequence[EfficiencyRepeats],
    mapped: tuple[EmbeddingMap, ...],
    *,
    site: str,
    base: str,
    settings: Settings,
) -> EfficiencyStudy:
    """The curves with intervals over patients and repeats."""
    patients = study.snapshot.rows(study.judged).drop_duplicates("study").set_index("study")["patient"]
    truth = study.snapshot.truth(study.judged)
    return EfficiencyStudy(
        site=site,
        base=base,
        generic="random" if settings.model.weights_dir is None else "those of model.weights_dir",
        judged_by=study.judged.value,
        studies=len(truth),
        patients=patients.nunique(),
        level=1 - settings.gate.alpha,
        curves=efficiency_curves(truth, trainings, patients=patients, settings=settings.gate, seed=settings.seed),
        maps=mapped,
    )


def image_counts(most: int) -> tuple[int, ...]:
    """15, 45, 135 … and all of them.

    Raises:
        SnapshotError: there are fewer than 15.
    """
    if most < _FEWEST:
        raise SnapshotError(f"A data-efficiency study needs {_FEWEST} local training images. Got {most}: ingest more.")
    counts = [_FEWEST]
    while counts[-1] * _TIMES < most:
        counts.append(counts[-1] * _TIMES)
    return (*counts, most) if counts[-1] < most else tuple(counts)


def last_study(settings: Settings, site: str) -> EfficiencyStudy | None:
    """The newest study of the site, for its report cards; None where there is none."""
    kept = sorted((settings.home / "runs").glob(f"*-{_FOLDER}-{site}/{_DOCUMENT}"))
    return EfficiencyStudy.from_json(json.loads(kept[-1].read_text())) if kept else None


def _base(settings: Settings) -> tuple[Path, str]:
    """Bundle and version of the first model in the champion's line."""
    shelf = registry(settings)
    version = shelf.champion_version()
    if version is None:
        raise ModelError("There is no champion to study: run `radloop pretrain` on published data first.")
    while (before := shelf.model(version).tags.get("radloop.base_version", "none")) != "none":
        version = before
    return shelf.fetch(version, settings.home / "models"), version


def _commonest(snapshot: Snapshot, side: Side) -> Finding:
    """The finding that the most studies of the side have, "no finding" apart."""
    truth = snapshot.truth(side)
    findings = [finding for finding in FINDINGS if finding is not Finding.NO_FINDING]
    return max(findings, key=lambda finding: int((truth[finding.value] == 1).sum()))


def _kept(found: EfficiencyStudy, folder: Path, settings: Settings) -> dict[str, Any]:
    """The study's JSON and page in its folder, and with the champion's run in MLflow."""
    document = folder / _DOCUMENT
    document.write_text(json.dumps(found.to_json()))
    page = write_efficiency_page(folder / _PAGE, found)
    shelf = registry(settings)
    champion = shelf.version_of(Alias.CHAMPION)
    if champion is not None:
        shelf.attach(champion, document, _FOLDER)
        shelf.attach(champion, page, f"{_FOLDER}_page")
    return {**found.to_json()["curves"], "site": found.site, "base": found.base, "page": str(page)}

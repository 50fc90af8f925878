"""The report card of one candidate: gathered, written, printed, kept with its run, linked in Prefect."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from prefect.artifacts import create_link_artifact

from components.catalog import Box, Catalog, Side
from components.datasets import Snapshot
from components.evaluation import (
    Assessment,
    CardClause,
    CardData,
    CardTrial,
    Comparison,
    CurvePoint,
    DataCheck,
    Outcome,
    SideSize,
    boxes_on_inputs,
    drawn_boxes,
    gallery,
    pointing_game,
    print_to_pdf,
    write_report_card,
)
from components.labeler import LABELER_VERSION
from components.models import load_model
from components.promotion import Verdict
from components.quality import QualityReport
from components.settings import Settings
from components.training import EpochReport
from flows._corrections import corrections
from flows._differences import differences
from flows._modelling import Candidate, code_version, parameters, registry
from flows._steps import step
from flows._telling import say
from flows.efficiency import last_study

_FOLDER = "report_card"


@step(name="write the report card")
def write_card(  # noqa: PLR0913  what one card shows
    folder: Path,
    *,
    candidate: Candidate,
    champion: str | None,
    snapshot: Snapshot,
    found: Comparison | Assessment,
    verdict: Verdict,
    checks: QualityReport,
    scores: pd.DataFrame,
    site: str,
    settings: Settings,
) -> Path:
    """Writes the card and, where a browser is there, its PDF; attaches both to the candidate's MLflow run and links
    the card in Prefect's UI."""
    shelf = registry(settings)
    model, boxes = load_model(candidate.bundle), _boxes(snapshot, site, settings)
    data = CardData(
        site=site,
        candidate=candidate.version,
        champion=champion,
        outcome=_outcome(verdict, champion, settings),
        sentence=verdict.sentence,
        clauses=tuple(
            CardClause(name=clause.name.value, passed=clause.passed, sentence=clause.sentence)
            for clause in verdict.clauses
        ),
        found=found,
        snapshot_hash=snapshot.hash,
        sides=tuple(_size(snapshot.manifest, side) for side in Side),
        label_sources=_sources(snapshot.manifest),
        checks=_told(checks),
        settings={name: str(value) for name, value in parameters(settings).items()},
        versions={"radloop": code_version(), "labeller": LABELER_VERSION},
        generated=datetime.now(UTC),
        max_label_loss=settings.gate.max_label_loss if isinstance(found, Comparison) else None,
        differences=() if champion is None else differences(shelf, champion=champion, candidate=candidate.version),
        changes=corrections(snapshot, site=site, run=folder, settings=settings),
        efficiency=last_study(settings, site),
        training=tuple(_point(epoch) for epoch in candidate.training.epochs),
        duo_training=tuple(
            _duo_point(epoch)
            for epoch in candidate.training.epochs
            if candidate.training.duo_best_epoch is not None and epoch.duo_train_loss is not None
        ),
        trials=_trials(candidate),
        gallery=gallery(model, snapshot, Side.TEST, scores, boxes=boxes),
        pointing=pointing_game(model, snapshot, Side.TEST, boxes, settings=settings.gate),
    )
    return _keep(write_report_card(folder / "report-card.html", data), candidate, settings)


def _keep(page: Path, candidate: Candidate, settings: Settings) -> Path:
    """Print and page into the candidate's MLflow run, the page last: it is what the version's tag names."""
    shelf = registry(settings)
    printed = print_to_pdf(page)
    if printed is None:
        say("  no PDF of the report card: there is no Chromium here that prints it; open the page and print it")
    else:
        shelf.attach(candidate.version, printed, _FOLDER)
    shelf.attach(candidate.version, page, _FOLDER)
    create_link_artifact(key="report-card", link=_address(candidate, settings), link_text="report card (in MLflow)")
    return page


def _outcome(verdict: Verdict, champion: str | None, settings: Settings) -> Outcome:
    if not verdict.promoted:
        return Outcome.REFUSED
    if champion is None and registry(settings).champion_version() is not None:
        return Outcome.ASIDE
    return Outcome.WAITS if settings.gate.approval else Outcome.PROMOTED


def _boxes(snapshot: Snapshot, site: str, settings: Settings) -> Mapping[str, tuple[Box, ...]]:
    """Where readers saw findings on the locked frontal pictures, as the model sees these."""
    locked = set(snapshot.rows(Side.TEST)["image"])
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        drawn = drawn_boxes(catalog.readings(site))
        images = catalog.images(site) if drawn else pd.DataFrame(columns=["image", "dicom_key", "input_key"])
    here = {image: boxes for image, boxes in drawn.items() if image in locked}
    return boxes_on_inputs(here, images, store=settings.store, imaging=settings.imaging)


def _trials(candidate: Candidate) -> tuple[CardTrial, ...]:
    return tuple(
        CardTrial(
            strategy=trial.strategy.value,
            validation_auc=trial.validation_auc,
            error=trial.error_of_difference,
            chosen=trial.chosen,
        )
        for trial in candidate.training.trials
    )


def _point(epoch: EpochReport) -> CurvePoint:
    return CurvePoint(
        epoch=epoch.epoch,
        train_loss=epoch.train_loss,
        validation_loss=epoch.validation_loss,
        validation_auc=epoch.validation_auc,
    )


def _duo_point(epoch: EpochReport) -> CurvePoint:
    figures = (epoch.duo_train_loss, epoch.duo_validation_loss, epoch.duo_validation_auc)
    train, validation, auc = (float("nan") if figure is None else figure for figure in figures)
    return CurvePoint(epoch=epoch.epoch, train_loss=train, validation_loss=validation, validation_auc=auc)


def _sources(manifest: pd.DataFrame) -> dict[str, int]:
    counts = manifest.drop_duplicates("study")["source"].value_counts()
    return {str(name): int(count) for name, count in counts.items()}


def _told(checks: QualityReport) -> tuple[DataCheck, ...]:
    """What failed, in its own words, and how many passed."""
    failed = [result for result in checks.results if not result.passed]
    passed = f"{len(checks.results) - len(failed)} of {len(checks.results)} checks of the snapshot passed."
    told = [
        DataCheck(name=f"{result.name} ({result.severity})", passed=False, detail=result.sentence) for result in failed
    ]
    return (*told, DataCheck(name="All others" if failed else "All", passed=True, detail=passed))


def _address(candidate: Candidate, settings: Settings) -> str:
    server = settings.mlflow_url or f"http://{settings.servers.host}:{settings.servers.mlflow_port}"
    return f"{server.rstrip('/')}/#/runs/{candidate.run_id}/artifacts/{_FOLDER}/report-card.html"


def _size(manifest: pd.DataFrame, side: Side) -> SideSize:
    rows = manifest[manifest["side"] == side.value]
    return SideSize(
        side=side.value, patients=rows["patient"].nunique(), studies=rows["study"].nunique(), images=len(rows)
    )

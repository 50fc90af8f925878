"""The report card of one candidate: gathered, written, kept with its run, linked in Prefect."""

from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image
from prefect.artifacts import create_link_artifact

from components.catalog import Side
from components.datasets import Snapshot
from components.evaluation import (
    Assessment,
    CardClause,
    CardData,
    Comparison,
    CurvePoint,
    DataCheck,
    GalleryPicture,
    SideSize,
    grad_cam,
    overlay,
    write_report_card,
)
from components.findings import FINDINGS, Finding
from components.labeler import LABELER_VERSION
from components.models import load_model
from components.promotion import Verdict
from components.quality import QualityReport
from components.settings import Settings
from flows._corrections import corrections
from flows._modelling import Candidate, code_version, parameters, registry
from flows._steps import step

_PICTURES = 6


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
    """Writes the card, attaches it to the candidate's MLflow run and links it in Prefect's UI."""
    studies = snapshot.manifest.drop_duplicates("study")
    page = write_report_card(
        folder / "report-card.html",
        CardData(
            site=site,
            candidate=candidate.version,
            champion=champion,
            promoted=verdict.promoted,
            sentence=verdict.sentence,
            clauses=tuple(
                CardClause(name=clause.name.value, passed=clause.passed, sentence=clause.sentence)
                for clause in verdict.clauses
            ),
            found=found,
            snapshot_hash=snapshot.hash,
            sides=tuple(_size(snapshot.manifest, side) for side in Side),
            label_sources={str(name): int(count) for name, count in studies["source"].value_counts().items()},
            checks=_told(checks),
            settings={name: str(value) for name, value in parameters(settings).items()},
            versions={"radloop": code_version(), "labeller": LABELER_VERSION},
            generated=datetime.now(UTC),
            max_label_loss=settings.gate.max_label_loss if isinstance(found, Comparison) else None,
            training=tuple(
                CurvePoint(
                    epoch=epoch.epoch,
                    train_loss=epoch.train_loss,
                    validation_loss=epoch.validation_loss,
                    validation_auc=epoch.validation_auc,
                )
                for epoch in candidate.training.epochs
            ),
            gallery=_gallery(candidate.bundle, snapshot, scores),
            changes=corrections(snapshot, site=site, run=folder, settings=settings),
        ),
    )
    registry(settings).attach(candidate.version, page, "report_card")
    create_link_artifact(key="report-card", link=_address(candidate, settings), link_text="report card (in MLflow)")
    return page


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
    return f"{server.rstrip('/')}/#/runs/{candidate.run_id}/artifacts/report_card/report-card.html"


def _size(manifest: pd.DataFrame, side: Side) -> SideSize:
    rows = manifest[manifest["side"] == side.value]
    return SideSize(
        side=side.value, patients=rows["patient"].nunique(), studies=rows["study"].nunique(), images=len(rows)
    )


def _gallery(bundle: Path, snapshot: Snapshot, scores: pd.DataFrame) -> tuple[GalleryPicture, ...]:
    """For the findings that the model is surest of, the locked study where it is surest and the report agrees."""
    model, truth = load_model(bundle), snapshot.truth(Side.TEST)
    rows = snapshot.rows(Side.TEST).drop_duplicates("study").set_index("study")["row"]
    pictures = []
    for finding, study in _surest(scores, truth).items():
        image = np.asarray(snapshot.pixels[np.array([rows[study]])])[0]
        shown = Image.fromarray(overlay(image, grad_cam(model, image, finding)))
        file = BytesIO()
        shown.save(file, "PNG")
        caption = f"{finding.title}, {scores.loc[study, finding.value]:.2f}"
        pictures.append(GalleryPicture(png=file.getvalue(), caption=caption))
    return tuple(pictures)


def _surest(scores: pd.DataFrame, truth: pd.DataFrame) -> Mapping[Finding, str]:
    found: dict[Finding, tuple[float, str]] = {}
    for finding in FINDINGS:
        agreed = scores.loc[truth.index[truth[finding.value] == 1], finding.value]
        if finding is not Finding.NO_FINDING and len(agreed):
            found[finding] = (float(agreed.max()), str(agreed.idxmax()))
    best = sorted(found, key=lambda finding: -found[finding][0])[:_PICTURES]
    return {finding: found[finding][1] for finding in best}

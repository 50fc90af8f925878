"""Ingest: a folder of studies and reports → de-identified, catalogued, labelled, checked."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact
from pydantic import SecretStr

from components.catalog import Catalog
from components.deidentify import open_identities
from components.intake import IngestResult
from components.intake import ingest as take_in
from components.labeler import label_reports
from components.quality import QualityReport, check_ingest
from components.settings import Settings, load_settings
from flows._steps import run_name, step
from flows._telling import progress, say


@flow(name="ingest", flow_run_name=run_name("ingest"))
def ingest(
    sources: list[SecretStr] | None = None, reports: list[SecretStr] | None = None, site: str | None = None
) -> dict[str, Any]:
    """Takes in what lies in `sources` (default: HOME/inbox, which is empty afterwards); what is known is left alone.

    The paths are secrets because Prefect keeps a run's parameters, and a folder's name may name a patient.

    Returns:
        the counts of `radloop ingest --json`, with the number of new labels and the data checks beside them.
    """
    settings = load_settings()
    site = site or settings.site
    folders = [Path(source.get_secret_value()) for source in sources or []] or [_inbox(settings)]
    tables = [Path(report.get_secret_value()) for report in reports or []]
    result = receive(folders, tables, site, settings)
    labels = label(site, settings)
    checks = validate(site, settings)
    _show(result, checks, site)
    checks.raise_if_critical()
    return {**result.as_json(), "labels": labels, "checks": checks.as_json()}


@step(name="receive and de-identify")
def receive(sources: list[Path], reports: list[Path], site: str, settings: Settings) -> IngestResult:
    """Every file is accepted, a duplicate, waiting for its other half, or in quarantine."""
    with (
        open_identities(settings) as identities,
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
        progress("taking in", "ingest") as report,
    ):
        return take_in(
            sources,
            reports=reports,
            catalog=catalog,
            store=settings.store,
            quarantine=settings.quarantine,
            pseudonymiser=identities.pseudonymiser,
            crosswalk=identities.crosswalk,
            site=site,
            deidentify=settings.deidentify,
            imaging=settings.imaging,
            now=datetime.now(UTC),
            inbox=settings.inbox,
            workers=settings.intake.workers,
            progress=report,
        )


def _inbox(settings: Settings) -> Path:
    """Where complete studies wait; made where nothing has come yet."""
    settings.inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.inbox


@step(name="read the reports")
def label(site: str, settings: Settings) -> int:
    """Labels the reports that this version of the labeller has not read; gives the number of new labels."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog, progress("reading reports", "label") as report:
        return label_reports(catalog, site=site, now=datetime.now(UTC), progress=report)


@step(name="check the data")
def validate(site: str, settings: Settings) -> QualityReport:
    """The Great Expectations checkpoint over what the catalog now holds."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        return check_ingest(catalog, site)


def _show(result: IngestResult, checks: QualityReport, site: str) -> None:
    counts = result.as_json()
    refused = dict(result.quarantined)
    del counts["quarantined"]
    rows = [{"what": name, "count": count} for name, count in counts.items()]
    rows += [{"what": f"quarantined: {reason}", "count": count} for reason, count in refused.items()]
    create_table_artifact(rows, key="ingest-counts", description=f"What became of each file and message ({site}).")
    create_table_artifact(checks.as_json(), key="data-checks", description=f"Data checks ({site}).")
    say(
        f"  {counts['received']} received: {counts['accepted']} accepted, {counts['duplicates']} known before, "
        f"{counts['waiting']} waiting for their other half, {sum(refused.values())} in quarantine"
    )

"""Import: a published dataset → catalogued as a site of its own, checked; base training data."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from components.catalog import Catalog
from components.datasets import ImportResult
from components.datasets import import_dataset as take_in
from components.deidentify import open_identities
from components.findings import Dataset
from components.quality import QualityReport, check_ingest
from components.settings import Settings, load_settings
from flows._steps import run_name, step
from flows._telling import progress, say


@flow(name="import", flow_run_name=run_name("import"))
def import_dataset(dataset: Dataset, folder: Path, site: str = "published") -> dict[str, Any]:
    """Takes in what the dataset lists; what the catalog holds already is left alone.

    Returns:
        the counts of `radloop import --json`, the data checks beside them.
    """
    settings = load_settings()
    result = receive(dataset, folder, site, settings)
    checks = validate(site, settings)
    _show(result, checks, dataset, site)
    checks.raise_if_critical()
    return {**result.as_json(), "checks": checks.as_json()}


@step(name="import pictures and labels")
def receive(dataset: Dataset, folder: Path, site: str, settings: Settings) -> ImportResult:
    """Every picture that the dataset lists is accepted, a duplicate or left out for a reason."""
    with (
        open_identities(settings) as identities,
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
        progress("importing", "import") as report,
    ):
        return take_in(
            dataset,
            folder,
            catalog=catalog,
            store=settings.store,
            pseudonymiser=identities.pseudonymiser,
            crosswalk=identities.crosswalk,
            site=site,
            deidentify=settings.deidentify,
            imaging=settings.imaging,
            now=datetime.now(UTC),
            workers=settings.intake.workers,
            progress=report,
        )


@step(name="check the data")
def validate(site: str, settings: Settings) -> QualityReport:
    """The Great Expectations checkpoint over what the catalog now holds; published studies have no reports."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        return check_ingest(catalog, site, least_reported=0)


def _show(result: ImportResult, checks: QualityReport, dataset: Dataset, site: str) -> None:
    rows = [{"what": what, "count": count} for what, count in result.as_json().items() if isinstance(count, int)]
    rows += [{"what": f"left out: {reason}", "count": count} for reason, count in result.left_out.items()]
    create_table_artifact(rows, key="import-counts", description=f"What became of each picture of {dataset} ({site}).")
    create_table_artifact(checks.as_json(), key="data-checks", description=f"Data checks ({site}).")
    say(
        f"  {result.received} pictures listed: {result.accepted} accepted, {result.duplicates} known before, "
        f"{sum(result.left_out.values())} left out; {result.labels} new labels"
    )

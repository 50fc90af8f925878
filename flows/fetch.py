"""Fetch: the archive's new chest radiographs → HOME/inbox, where the next ingest finds them."""

from datetime import date, timedelta
from typing import Any

from prefect import flow
from prefect.artifacts import create_table_artifact

from components.reception import Fetched, StudyQuery
from components.reception import fetch as fetch_studies
from components.settings import Settings, load_settings
from flows._steps import run_name, step
from flows._telling import progress, say


@flow(name="fetch", flow_run_name=run_name("fetch"))
def fetch(
    first: date | None = None,
    last: date | None = None,
    modalities: list[str] | None = None,
    descriptors: list[str] | None = None,
) -> dict[str, Any]:
    """Brings the studies of these days (default: the last `archive.days`, and today) into the inbox.

    Modalities and descriptors are the setting's where none are given; an empty list takes all.

    Where no archive is set there is nothing to do: the nightly run of a hospital that sends its studies to
    `radloop listen` is no failure.
    """
    settings = load_settings()
    if not settings.archive.known:
        say("  no archive is set, nothing is fetched")
        return _shown(Fetched())
    archive, last = settings.archive, last or date.today()
    query = StudyQuery(
        first=first or last - timedelta(days=archive.days),
        last=last,
        modalities=archive.modalities if modalities is None else tuple(modalities),
        descriptors=archive.descriptors if descriptors is None else tuple(descriptors),
    )
    return _shown(bring(query, settings))


@step(name="fetch from the archive")
def bring(query: StudyQuery, settings: Settings) -> Fetched:
    """Every wanted study, each instance once; a run that was stopped is gone on with."""
    with progress("fetching", "fetch") as report:
        return fetch_studies(settings, query, report)


def _shown(fetched: Fetched) -> dict[str, Any]:
    counts = {
        "studies": fetched.studies,
        "new_studies": fetched.new_studies,
        "failed_studies": fetched.failed_studies,
        "instances": fetched.instances,
        "known_instances": fetched.known_instances,
    }
    rows = [{"what": name.replace("_", " "), "count": count} for name, count in counts.items()]
    create_table_artifact(rows, key="fetched", description="What the archive had, and what of it is new.")
    say(
        f"  {fetched.studies} studies found, {fetched.new_studies} with something new: {fetched.instances} instances "
        f"fetched, {fetched.known_instances} were here"
    )
    if fetched.failed_studies:
        say(f"  {fetched.failed_studies} studies were not fetched whole; the next run tries them again")
    return counts

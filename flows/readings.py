"""Readings: the studies that most need a person go to Label Studio; what people said comes back."""

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect import flow
from prefect.artifacts import create_link_artifact, create_table_artifact

from components.catalog import Catalog, LabelSource
from components.deidentify import Pseudonymiser, load_or_create_key
from components.labels import current_labels
from components.relabeling import Pulled, Pushed, ReadingProject, Task, label_studio_token, pictures_folder
from components.relabeling import pull as pull_from_server
from components.relabeling import push as push_to_server
from components.relabeling import select as select_studies
from components.settings import Settings, load_settings
from flows._modelling import champion_thresholds
from flows._steps import run_name, step
from flows._telling import progress, say


@flow(name="push readings", flow_run_name=run_name("push readings"))
def push_readings(site: str | None = None) -> dict[str, Any]:
    """Fills the reading queue up and sends it to Label Studio; doing it again adds nothing."""
    settings = load_settings()
    site = site or settings.site
    queue = queue_up(site, settings)
    show_queue(queue)
    pushed = send(queue, settings)
    say(f"  {pushed.new} studies sent to Label Studio, {pushed.known} were there")
    create_link_artifact(key="reading-project", link=settings.label_studio.url, link_text="Label Studio")
    return {"queued": len(queue), "pushed": pushed.new, "known": pushed.known}


@flow(name="pull readings", flow_run_name=run_name("pull readings"))
def pull_readings() -> dict[str, Any]:
    """Brings the radiologists' readings back as label events; they win over the labeller."""
    settings = load_settings()
    pulled = fetch(settings)
    rows = [{"what": "readings on the server", "count": pulled.annotations}]
    rows += [{"what": "new label events", "count": pulled.events}]
    create_table_artifact(rows, key="readings", description="What radiologists sent back.")
    say(f"  {pulled.annotations} readings on the server, {pulled.events} new label events")
    return {"readings": pulled.annotations, "events": pulled.events}


def reading_queue(site: str, settings: Settings) -> list[Task]:
    """The reading queue, most urgent first, by the champion's scores that the last retraining left in the catalog."""
    version, thresholds = champion_thresholds(settings)
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        events = catalog.label_events(site)
        queued = catalog.relabel_tasks()
        return select_studies(
            codes=current_labels(events),
            probabilities=_wide(catalog.predictions(version)),
            thresholds=thresholds,
            images=catalog.images(site),
            studies=catalog.studies(site),
            sides=catalog.sides(site),
            read=set(events.loc[events["source"] == LabelSource.READER.value, "study"]),
            queued=set(queued.loc[queued["project"] == settings.label_studio.project, "study"]),
            settings=settings.relabel,
            seed=settings.seed,
        )


queue_up = step("choose the studies to read")(reading_queue)


@step(name="send to Label Studio")
def send(queue: list[Task], settings: Settings) -> Pushed:
    """Pictures, report texts and pre-annotations as tasks of the reading project."""
    version, _ = champion_thresholds(settings)
    with (
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
        _project(settings) as project,
        progress("sending", "push") as report,
    ):
        return push_to_server(
            queue,
            project=project,
            catalog=catalog,
            store=settings.store,
            pictures=pictures_folder(settings),
            model_version=version,
            now=datetime.now(UTC),
            progress=report,
        )


@step(name="fetch the readings")
def fetch(settings: Settings) -> Pulled:
    """Submitted annotations as label events, each once."""
    key = load_or_create_key(settings.pseudonym_key)
    pseudonymiser = Pseudonymiser(key, max_shift_days=settings.deidentify.max_shift_days)
    with Catalog.open(settings.catalog.get_secret_value()) as catalog, _project(settings) as project:
        return pull_from_server(project=project, catalog=catalog, reader=pseudonymiser.person)


def show_queue(queue: list[Task]) -> None:
    """The queue as a table artifact."""
    rows = [{"study": task.study, "why": task.reason, "urgency": round(task.score, 3)} for task in queue]
    create_table_artifact(rows, key="reading-queue", description="Studies that a radiologist is asked to read.")


def _project(settings: Settings) -> ReadingProject:
    return ReadingProject.open(settings.label_studio, label_studio_token(settings))


def _wide(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a study, a column a finding."""
    return predictions.pivot(index="study", columns="finding", values="probability")

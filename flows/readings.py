"""Readings: the studies that most need a person go to Label Studio; what people said comes back."""

from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import pandas as pd
from prefect import flow
from prefect.artifacts import create_link_artifact, create_table_artifact

from components.catalog import Catalog, Side
from components.deidentify import Pseudonymiser, open_identities
from components.errors import ModelError
from components.labels import current_labels, words_of_readers
from components.models import load_model
from components.promotion import Alias, read_bundle
from components.relabeling import (
    Pulled,
    Purpose,
    Pushed,
    QueueState,
    ReadingProject,
    Task,
    label_studio_token,
    out_of_fold,
    pictures_folder,
    project_title,
    queue_state,
    select_reference,
)
from components.relabeling import pull as pull_from_server
from components.relabeling import push as push_to_server
from components.relabeling import select as select_studies
from components.settings import Settings, load_settings
from flows._kept import studies_learned
from flows._modelling import champion_thresholds, registry
from flows._steps import run_name, step
from flows._telling import progress, say

_FOR_REFERENCE = 2  # readers


@flow(name="push readings", flow_run_name=run_name("push readings"))
def push_readings(site: str | None = None, for_test: bool = False) -> dict[str, Any]:
    """Fills the reading queue up and sends it to Label Studio; doing it again adds nothing.

    With `for_test` the queue is of locked test patients, to be read blind for the reference standard.
    """
    settings = load_settings()
    site = site or settings.site
    purpose = Purpose.REFERENCE if for_test else Purpose.TRAINING
    queue = queue_up(site, settings, purpose, look_into_queue(settings, purpose))
    show_queue(queue)
    pushed = send(queue, settings, purpose)
    say(f"  {pushed.new} studies sent to Label Studio, {pushed.known} were there")
    state = show_state(settings)
    create_link_artifact(key="reading-project", link=settings.label_studio.url, link_text="Label Studio")
    return {"queued": state.waiting, "pushed": pushed.new, "known": pushed.known}


@flow(name="pull readings", flow_run_name=run_name("pull readings"))
def pull_readings() -> dict[str, Any]:
    """Brings the radiologists' readings back as label events; they win over the labeller."""
    settings = load_settings()
    pulled = fetch(settings)
    state = show_state(settings)
    told = f"  {pulled.annotations} readings on the server, {pulled.events} new label events"
    say(told + (f", {pulled.withdrawn} readings withdrawn" if pulled.withdrawn else ""))
    if pulled.asked_again:
        say(f"  {pulled.asked_again} studies wait for a third reader: the first two differ")
    return {
        "readings": pulled.annotations,
        "events": pulled.events,
        "withdrawn": pulled.withdrawn,
        "asked_again": pulled.asked_again,
        "queue": state.to_json(),
    }


class InQueue(NamedTuple):
    """The studies in a reading project, and those of them that lie open."""

    studies: frozenset[str]
    waiting: frozenset[str]


def reading_queue(
    site: str, settings: Settings, purpose: Purpose = Purpose.TRAINING, queued: InQueue | None = None
) -> list[Task]:
    """The reading queue, most urgent first, by the champion's scores that the last retraining left in the catalog.

    Without `queued` it goes by what earlier pushes left in the catalog, and asks no server.
    """
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        events = catalog.label_events(site)
        read = _read_by(events, _FOR_REFERENCE if purpose is Purpose.REFERENCE else 1)
        there = queued or _remembered(catalog, settings, purpose, read)
        tables: dict[str, Any] = {
            "images": catalog.images(site),
            "studies": catalog.studies(site),
            "sides": catalog.sides(site),
            "known": there.studies | read,
            "waiting": len(there.waiting),
            "settings": settings.relabel,
            "seed": settings.seed,
        }
        if purpose is Purpose.REFERENCE:
            return select_reference(**tables)
        version, thresholds = champion_thresholds(settings)
        return select_studies(
            codes=current_labels(events),
            probabilities=_wide(catalog.predictions(version)),
            out_of_fold=out_of_fold(_models(catalog, version, tables["studies"], tables["sides"], settings)),
            thresholds=thresholds,
            **tables,
        )


queue_up = step("choose the studies to read")(reading_queue)


@step(name="send to Label Studio")
def send(queue: list[Task], settings: Settings, purpose: Purpose) -> Pushed:
    """Pictures, report texts, pre-annotations and the model's eyes as tasks of the reading project."""
    looks = any(task.looked for task in queue)
    bundle = registry(settings).fetch(Alias.CHAMPION, settings.home / "models") if looks else None
    with (
        Catalog.open(settings.catalog.get_secret_value()) as catalog,
        _project(settings, purpose) as project,
        progress("sending", "push") as report,
    ):
        return push_to_server(
            queue,
            project=project,
            catalog=catalog,
            store=settings.store,
            pictures=pictures_folder(settings),
            model=load_model(bundle) if bundle else None,
            model_version=bundle.name if bundle else "none",
            now=datetime.now(UTC),
            progress=report,
        )


def in_queue(settings: Settings, purpose: Purpose) -> InQueue:
    """What lies in the reading project now."""
    with _project(settings, purpose) as project:
        tasks = project.tasks()
        return InQueue(frozenset(tasks), frozenset(study for study, task in tasks.items() if task.waiting))


look_into_queue = step("look into the queue")(in_queue)


@step(name="fetch the readings")
def fetch(settings: Settings) -> Pulled:
    """Submitted annotations of all our projects as events, each once."""
    with open_identities(settings) as identities, Catalog.open(settings.catalog.get_secret_value()) as catalog:
        return sum(
            (
                _fetched(purpose, catalog, identities.pseudonymiser, settings)
                for purpose in _purposes(catalog, settings)
            ),
            Pulled(),
        )


def _fetched(purpose: Purpose, catalog: Catalog, pseudonymiser: Pseudonymiser, settings: Settings) -> Pulled:
    with _project(settings, purpose) as project:
        return pull_from_server(
            project=project,
            catalog=catalog,
            reader=pseudonymiser.person,
            adjudicators=[email.get_secret_value() for email in settings.relabel.adjudicators],
            now=datetime.now(UTC),
        )


def reading_state(settings: Settings) -> QueueState:
    """What waits on the server, and what the catalog says of those who read."""
    waiting: set[str] = set()
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        for purpose in _purposes(catalog, settings):
            waiting |= in_queue(settings, purpose).waiting
        return queue_state(waiting=waiting, events=catalog.label_events(), readings=catalog.readings())


look_at_state = step("how the queue stands")(reading_state)


def show_state(settings: Settings) -> QueueState:
    """The state of the queue, as table artifacts: its counts, and the readers' agreement by finding."""
    state = look_at_state(settings)
    create_table_artifact(state.rows(), key="reading-state", description="How the reading queue stands.")
    create_table_artifact(
        [
            {"finding": name, **{figure: round(value, 3) for figure, value in row.items()}}
            for name, row in state.agreement.to_dict(orient="index").items()
        ],
        key="reader-agreement",
        description="Agreement of readers: Cohen's kappa, Krippendorff's alpha (ordinal).",
    )
    return state


def show_queue(queue: list[Task]) -> None:
    """The queue as a table artifact, without the studies: in Label Studio `radloop forget` reaches their names."""
    rows = [{"why": task.reason, "urgency": round(task.score, 3)} for task in queue]
    create_table_artifact(rows, key="reading-queue", description="Studies that a radiologist is asked to read.")


def _project(settings: Settings, purpose: Purpose) -> ReadingProject:
    return ReadingProject.open(
        settings.label_studio, label_studio_token(settings), purpose=purpose, readers=settings.relabel.readers
    )


def _purposes(catalog: Catalog, settings: Settings) -> list[Purpose]:
    """What studies were pushed for so far."""
    return [each for each in Purpose if len(catalog.relabel_tasks(project_title(settings.label_studio, each)))]


def _remembered(catalog: Catalog, settings: Settings, purpose: Purpose, read: Collection[str]) -> InQueue:
    pushed = frozenset(catalog.relabel_tasks(project_title(settings.label_studio, purpose))["study"])
    return InQueue(pushed, pushed - frozenset(read))


def _read_by(events: pd.DataFrame, readers: int) -> set[str]:
    """Studies of which at least so many people stated something."""
    of_study = words_of_readers(events).groupby("study")["author"].nunique()
    return set(of_study.index[of_study >= readers])


def _models(
    catalog: Catalog, version: str, studies: pd.DataFrame, sides: dict[str, Side], settings: Settings
) -> Iterator[tuple[pd.DataFrame, set[str]]]:
    """The champion and its forebears, newest first: their scores in the catalog, and the studies they learned from.

    Where a model's snapshot is no longer kept here, every study on the training side counts as learned.
    """
    training = set(studies.loc[studies["patient"].map(sides) == Side.TRAIN, "study"])
    model: str | None = version
    while model is not None:
        try:
            bundle = read_bundle(registry(settings).fetch(model, settings.home / "models"))
        except ModelError:  # a forebear that the registry no longer holds tells nothing
            return
        learned = studies_learned(bundle.snapshot_hash, settings)
        yield _wide(catalog.predictions(model)), training if learned is None else learned
        model = bundle.base_version


def _wide(predictions: pd.DataFrame) -> pd.DataFrame:
    """One row a study, a column a finding."""
    return predictions.pivot(index="study", columns="finding", values="probability")

"""On the real Label Studio server: a reading comes back as label events, once; pictures need a login."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from catalog_records import NOW, add_report, add_study, event, image, report, study
from servers import label_studio_server
from tiny_dicom import tiny_dicom
from upath import UPath

from components.catalog import Catalog, View
from components.errors import ServerError
from components.findings import FINDINGS, Assertion, Finding
from components.labels import current_labels
from components.relabeling import (
    USERNAME,
    ReadingProject,
    Task,
    Why,
    label_studio_token,
    pictures_folder,
    pull,
    push,
)
from components.settings import Settings
from tests.components.relabeling.readers import form

pytestmark = [pytest.mark.server, pytest.mark.slow]

SUGGESTED = {finding: Assertion.ABSENT for finding in FINDINGS if finding is not Finding.EDEMA}
READ = {"edema": "positive", "fracture": "uncertain"}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    with label_studio_server(tmp_path_factory.mktemp("home")) as settings:
        yield settings


@pytest.fixture
def project(settings: Settings, request: pytest.FixtureRequest) -> Iterator[ReadingProject]:
    own = settings.label_studio.model_copy(update={"project": request.node.name[:40]})
    with ReadingProject.open(own, label_studio_token(settings)) as project:
        yield project


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    with Catalog.open(f"sqlite:///{tmp_path / 'catalog.db'}") as catalog:
        for name in ("S1", "S2"):
            add_study(catalog, study(name), [image(f"2.25.{name}", name, dicom_key=f"{name}.dcm")])
        add_report(catalog, report(study="S1", findings="Mild <interstitial> edema."))
        yield catalog


@pytest.fixture
def store(tmp_path: Path) -> UPath:
    for name in ("S1", "S2"):
        (tmp_path / f"{name}.dcm").write_bytes(tiny_dicom())
    return UPath(tmp_path)


def task(name: str) -> Task:
    return Task(
        study=name,
        image=f"2.25.{name}",
        view=View.PA,
        score=0.8,
        why=Why.DISAGREEMENT,
        finding=Finding.EDEMA,
        suggested=SUGGESTED,
    )


def push_two(settings: Settings, project: ReadingProject, catalog: Catalog, store: UPath) -> Any:
    return push(
        [task("S1"), task("S2")],
        project=project,
        catalog=catalog,
        store=store,
        pictures=pictures_folder(settings),
        model=None,
        model_version="7",
        now=NOW,
    )


def reader(email: str) -> str:
    return "R" + email[:3].upper()


def said(catalog: Catalog, name: str = "S1") -> dict[str, str]:
    events = catalog.label_events()
    return dict(events[events["study"] == name][["finding", "assertion"]].itertuples(index=False, name=None))


def test_a_push_gives_each_study_a_filled_form_and_a_second_one_adds_nothing(
    settings: Settings, project: ReadingProject, catalog: Catalog, store: UPath
) -> None:
    assert push_two(settings, project, catalog, store).new == 2
    again = push_two(settings, project, catalog, store)
    assert (again.new, again.known) == (0, 2)
    assert set(project.tasks()) == {"S1", "S2"} == set(catalog.relabel_tasks(project.title)["study"])
    sent = project.client.tasks.get(id=str(project.tasks()["S1"].number))
    assert sent.data["view"] == "View: PA"
    assert sent.data["report"] == "FINDINGS\nMild <interstitial> edema.\n\nIMPRESSION\nNo acute disease."
    filled = sent.predictions[0]
    filled = filled if isinstance(filled, dict) else filled.model_dump()
    assert len(filled["result"]) == len(SUGGESTED)


def test_pictures_need_a_login(settings: Settings, project: ReadingProject, catalog: Catalog, store: UPath) -> None:
    push_two(settings, project, catalog, store)
    address = settings.label_studio.url + project.client.tasks.get(id=str(project.tasks()["S1"].number)).data["image"]
    token = label_studio_token(settings).get_secret_value()
    with httpx.Client(trust_env=False, follow_redirects=False) as browser:
        assert browser.get(address).status_code == httpx.codes.UNAUTHORIZED
        answer = browser.get(address, headers={"Authorization": f"Token {token}"})
        beyond = address.replace("radiographs/", "radiographs/../../label_studio.sqlite3?")
        assert browser.get(beyond, headers={"Authorization": f"Token {token}"}).is_error
    assert answer.status_code == httpx.codes.OK
    assert answer.content.startswith(b"\x89PNG")


def test_a_reading_comes_back_once_and_an_edit_is_a_new_event(
    settings: Settings, project: ReadingProject, catalog: Catalog, store: UPath
) -> None:
    push_two(settings, project, catalog, store)
    catalog.append_label_events([event("labeller", "S1", finding=Finding.EDEMA, assertion=Assertion.ABSENT)])
    number = project.tasks()["S1"].number
    saved = project.client.annotations.create(id=number, result=form(READ))
    first = pull(project=project, catalog=catalog, reader=reader, now=datetime.now(UTC))
    assert (first.annotations, first.events) == (1, 2)
    assert said(catalog) == {"edema": "present", "fracture": "uncertain"}
    assert current_labels(catalog.label_events()).loc["S1", "edema"] == 1
    assert pull(project=project, catalog=catalog, reader=reader, now=datetime.now(UTC)).events == 0

    project.client.annotations.update(id=saved.id, result=form({"edema": "negative"}))
    assert pull(project=project, catalog=catalog, reader=reader, now=datetime.now(UTC)).events == 2
    assert said(catalog) == {"edema": "absent", "fracture": "unmentioned"}
    assert pull(project=project, catalog=catalog, reader=reader, now=datetime.now(UTC)).events == 0

    events = catalog.label_events()
    assert set(events.loc[events["source"] == "reader", "author"]) == {reader(USERNAME)}
    assert USERNAME not in events.to_csv()


def test_skipped_tasks_and_strangers_tasks_bring_nothing(
    settings: Settings, project: ReadingProject, catalog: Catalog, store: UPath
) -> None:
    push_two(settings, project, catalog, store)
    project.client.annotations.create(id=project.tasks()["S1"].number, result=form(READ), was_cancelled=True)
    ours = project.client.tasks.get(id=str(project.tasks()["S1"].number)).data
    project.add([{"data": ours | {"study": "S9"}}])
    project.client.annotations.create(id=project.tasks()["S9"].number, result=form(READ))
    assert pull(project=project, catalog=catalog, reader=reader, now=datetime.now(UTC)).annotations == 0
    assert catalog.label_events().empty


def test_a_wrong_token_is_one_clear_line(settings: Settings) -> None:
    from pydantic import SecretStr

    with pytest.raises(ServerError, match="refuses the token"):
        ReadingProject.open(settings.label_studio, SecretStr("0" * 40))


def test_the_server_keeps_its_database_in_home(settings: Settings, project: ReadingProject) -> None:
    database = settings.home / "label-studio" / "label_studio.sqlite3"
    with sqlite3.connect(database) as connection:
        titles = connection.execute("SELECT title FROM project WHERE id = ?", (project.id,)).fetchall()
    connection.close()
    assert titles == [(project.title,)]

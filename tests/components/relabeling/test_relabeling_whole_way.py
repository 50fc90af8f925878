"""The whole way on the real server: 200 studies out, two readers, a restart in between; nothing twice, nothing lost."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from catalog_records import NOW, add_report, add_study, event, image, report, study
from servers import label_studio_server
from sklearn.metrics import cohen_kappa_score
from tiny_dicom import tiny_dicom
from upath import UPath

from components.catalog import Catalog, LabelSource
from components.findings import Assertion, Finding
from components.labels import contested, current_labels, label_sources, words_of_readers
from components.relabeling import (
    Pulled,
    Pushed,
    ReadingProject,
    ReadingTask,
    Task,
    Why,
    agreement,
    label_studio_token,
    pictures_folder,
    pull,
    push,
    queue_state,
)
from components.settings import Settings
from tests.components.relabeling.readers import Person, box, log_in, sign_up

pytestmark = [pytest.mark.server, pytest.mark.slow, pytest.mark.timeout(1200)]

STUDIES = [f"2.25.{number:03d}" for number in range(200)]
READ_BY_BOTH = STUDIES[:30]
FIRST, SECOND, THIRD = "first@readers.invalid", "second@readers.invalid", "third@readers.invalid"
WORDS = {"positive": 1, "negative": 0, "uncertain": -1}
ASKED = (Finding.EDEMA, Finding.FRACTURE)


@dataclass
class Week:
    """What the readers meant, and the catalog that must come to hold it."""

    home: Path
    catalog: Catalog
    store: UPath
    meant: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    """(reader, study) → their answers."""

    def push(self, settings: Settings, project: ReadingProject) -> Pushed:
        return push(
            [task(name) for name in STUDIES],
            project=project,
            catalog=self.catalog,
            store=self.store,
            pictures=pictures_folder(settings),
            model=None,
            model_version="7",
            now=NOW,
        )

    def pull(self, project: ReadingProject, **other: object) -> Pulled:
        return pull(project=project, catalog=self.catalog, reader=pseudonym, now=datetime.now(UTC), **other)  # type: ignore[arg-type]

    def read(self, people: tuple[Person, Person], studies: list[str], tasks: dict[str, ReadingTask]) -> None:
        """Both read each of the studies; they agree more often than not."""
        for name in studies:
            truth = {finding.value: chance(name, finding.value, ("positive", "negative")) for finding in ASKED}
            for person in people:
                said = {
                    finding: chance(person.email + name, finding, (word, word, word, *WORDS))
                    for finding, word in truth.items()
                }
                self.meant[person.email, name] = said
                person.read(tasks[name].number, said)

    def words(self) -> pd.DataFrame:
        """What the catalog holds: index study, finding, a column a reader's pseudonym."""
        words = words_of_readers(self.catalog.label_events())
        return words.pivot(index=["study", "finding"], columns="author", values="code")


def chance(who: str, what: str, words: tuple[str, ...]) -> str:
    """Always the same word for the same who and what."""
    return random.Random(f"{who} {what}").choice(words)  # noqa: S311


def pseudonym(email: str) -> str:
    return {FIRST: "R1", SECOND: "R2", THIRD: "R3"}[email]


def task(name: str) -> Task:
    suggested = {Finding.EDEMA: Assertion.PRESENT, Finding.FRACTURE: Assertion.ABSENT}
    return Task(
        study=name, image=f"{name}.1", score=0.5, why=Why.DISAGREEMENT, finding=Finding.EDEMA, suggested=suggested
    )


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Week]:
    folder = tmp_path_factory.mktemp("week")
    (folder / "dicom.dcm").write_bytes(tiny_dicom())
    with Catalog.open(f"sqlite:///{folder / 'catalog.db'}") as catalog:
        for name in STUDIES:
            add_study(catalog, study(name), [image(f"{name}.1", name, dicom_key="dicom.dcm")])
        add_report(catalog, report(study=STUDIES[0], findings="Mild <interstitial> edema."))
        reported = [event(f"labeler:{name}", name, assertion=Assertion.PRESENT) for name in STUDIES]
        catalog.append_label_events(reported)
        home = tmp_path_factory.mktemp("home")
        yield Week(home, catalog, UPath(folder))


def waiting(project: ReadingProject) -> set[str]:
    return {study for study, task in project.tasks().items() if task.waiting}


def open_project(settings: Settings) -> ReadingProject:
    return ReadingProject.open(settings.label_studio, label_studio_token(settings), readers=2)


def test_two_readers_and_a_restart(week: Week) -> None:
    half = len(READ_BY_BOTH) // 2
    with label_studio_server(week.home) as settings, open_project(settings) as project:
        assert week.push(settings, project) == Pushed(new=200, known=0)
        assert set(project.tasks()) == set(STUDIES) == waiting(project)
        sent = project.client.tasks.list(project=project.id, fields="all", page_size=200).items
        assert all(len(each.predictions[0].result) == len(ASKED) for each in sent)
        people = (sign_up(settings, FIRST), sign_up(settings, SECOND))
        week.read(people, READ_BY_BOTH[:half], project.tasks())
        assert week.pull(project).annotations == 2 * half

    with label_studio_server(week.home) as settings, open_project(settings) as project:
        assert week.push(settings, project) == Pushed(new=0, known=200)
        assert week.pull(project) == Pulled(annotations=2 * half), "the restart brought something twice"
        people = (log_in(settings, FIRST), log_in(settings, SECOND))
        week.read(people, READ_BY_BOTH[half:], project.tasks())
        second = week.pull(project)
        assert (second.annotations, second.readings) == (4 * half, 2 * half)
        assert week.pull(project) == Pulled(annotations=4 * half)

        nothing_is_lost_and_nothing_twice(week)
        consensus_is_in_the_catalog(week)
        kappa_is_scikit_learns(week)
        a_third_reads_where_two_differ(week, settings, project)
        changes_are_new_events(week, project, people)


def nothing_is_lost_and_nothing_twice(week: Week) -> None:
    events = week.catalog.label_events()
    read = events[events["source"] == LabelSource.READER.value]
    assert len(read) == len(ASKED) * len(week.meant) == 4 * len(READ_BY_BOTH)
    held = week.words()
    for (email, name), said in week.meant.items():
        assert {finding: held.at[(name, finding), pseudonym(email)] for finding in said} == {
            finding: WORDS[word] for finding, word in said.items()
        }
    everything = events.to_csv() + week.catalog.readings().to_csv() + week.catalog.relabel_tasks().to_csv()
    assert "readers.invalid" not in everything


def consensus_is_in_the_catalog(week: Week) -> None:
    events = week.catalog.label_events()
    codes, sources = current_labels(events), label_sources(events)
    assert set(sources[READ_BY_BOTH]) == {"consensus"}
    assert set(sources[STUDIES[len(READ_BY_BOTH) :]]) == {"labeler"}
    for name in READ_BY_BOTH:
        for finding in ASKED:
            said = {WORDS[week.meant[email, name][finding]] for email in (FIRST, SECOND)}
            assert codes.at[name, finding] == (said.pop() if len(said) == 1 else -1)


def kappa_is_scikit_learns(week: Week) -> None:
    found = agreement(words_of_readers(week.catalog.label_events()))
    for finding in ASKED:
        ours = found.loc[finding.value]
        by_reader = [[week.meant[email, name][finding] for name in READ_BY_BOTH] for email in (FIRST, SECOND)]
        assert ours["studies"] == len(READ_BY_BOTH)
        assert ours["kappa"] == pytest.approx(cohen_kappa_score(*by_reader), abs=1e-9)
        assert 0.2 < ours["kappa"] < 0.9, "a test of nothing or of everything"


def a_third_reads_where_two_differ(week: Week, settings: Settings, project: ReadingProject) -> None:
    differ = set(contested(week.catalog.label_events())["study"])
    unread = set(STUDIES) - set(READ_BY_BOTH)
    assert waiting(project) == differ | unread, "a study that both read alike is done"
    state = queue_state(waiting=waiting(project), events=week.catalog.label_events(), readings=week.catalog.readings())
    assert (state.unread, state.read_twice, state.disagreeing) == (170, 30, len(differ))
    assert state.readers == {"R1": 30, "R2": 30}

    name = min(differ)
    finding = next(each for each in ASKED if week.meant[FIRST, name][each] != week.meant[SECOND, name][each])
    sign_up(settings, THIRD).read(project.tasks()[name].number, dict.fromkeys(ASKED, "negative"))
    week.pull(project, adjudicators=[THIRD])
    assert current_labels(week.catalog.label_events()).at[name, finding] == 0
    assert name not in set(contested(week.catalog.label_events())["study"])
    assert name not in waiting(project)


def changes_are_new_events(week: Week, project: ReadingProject, people: tuple[Person, Person]) -> None:
    """An answer taken back, a form deleted, a form skipped, a task cleared away."""
    tasks, (first, second) = project.tasks(), people
    name, skipped, cleared = STUDIES[-1], STUDIES[-2], STUDIES[-3]
    drawn = box("Edema", x=10, y=20, width=30, height=85)
    read = first.read(
        tasks[name].number, {"edema": "negative", "quality": "limited", "view": "wrong view"}, boxes=[drawn]
    )
    passed_over = second.read(tasks[skipped].number, {"edema": "negative"})
    second.read(tasks[cleared].number, {"edema": "negative"})
    assert week.pull(project, adjudicators=[THIRD]).readings == 3
    form = week.catalog.readings().set_index("study").loc[name]
    assert (form["quality"], form["wrong_view"], form["readable"]) == ("limited", True, True)
    assert json.loads(form["boxes"]) == [{"finding": "edema", "x": 0.1, "y": 0.2, "width": 0.3, "height": 0.8}]

    first.delete(read)
    second.change(passed_over, was_cancelled=True)
    project.client.tasks.delete(id=str(tasks[cleared].number))
    gone = week.pull(project, adjudicators=[THIRD])
    assert (gone.events, gone.withdrawn) == (2, 2)
    codes = current_labels(week.catalog.label_events())
    assert codes.loc[[name, skipped, cleared], "edema"].tolist() == [1, 1, 0], "report, report, reader"
    assert week.pull(project, adjudicators=[THIRD]).events == 0

    second.change(passed_over, was_cancelled=False)
    assert week.pull(project, adjudicators=[THIRD]).events == 1
    assert current_labels(week.catalog.label_events()).at[skipped, "edema"] == 0

"""The readings back from Label Studio: what differs from the catalog is appended to it."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from components.catalog import Catalog, LabelEvent, LabelSource, Reading
from components.findings import FINDINGS, Assertion, Finding
from components.labels import contested
from components.relabeling import _form
from components.relabeling._project import Annotation, ReadingProject, ReadingTask

_SERVER = "label-studio"


@dataclass(frozen=True, kw_only=True)
class Pulled:
    """What a pull brought.

    `annotations` are the submitted ones on studies of the catalog; `events` and `readings` what was new of them;
    `withdrawn` the readings that were deleted or skipped since; `asked_again` the studies opened for one more
    reader, because those who read them do not agree.
    """

    annotations: int = 0
    events: int = 0
    readings: int = 0
    withdrawn: int = 0
    asked_again: int = 0

    def __add__(self, other: "Pulled") -> "Pulled":
        return Pulled(**{name: value + getattr(other, name) for name, value in vars(self).items()})


def pull(
    *,
    project: ReadingProject,
    catalog: Catalog,
    reader: Callable[[str], str],
    adjudicators: Collection[str] = (),
    now: datetime,
) -> Pulled:
    """Appends what readers say now and the catalog does not hold yet; doing it again adds nothing.

    An edited answer is a new event; one that was taken back, or went with a deleted annotation, is one as well
    (unmentioned), so that the reader's former word no longer counts. A task that is gone takes no reading with it:
    readings outlive the clearing of a project.

    Args:
        project: the open reading project.
        catalog: where the events go.
        reader: a person's e-mail → pseudonym (`Pseudonymiser.person`); only the pseudonym is kept.
        adjudicators: e-mails of those whose word decides between others.
        now: aware, UTC; when a deletion was noticed.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    study_of = dict(catalog.images()[["image", "study"]].itertuples(index=False, name=None))
    studies = set(study_of.values())
    read = sorted(
        (annotation for annotation in project.annotations() if annotation.study in studies), key=lambda each: each.saved
    )
    tasks = project.tasks()  # after the annotations: those of a task removed in between were not taken back
    author = {annotation.reader: reader(annotation.reader) for annotation in read}
    judges = {author[email] for email in author.keys() & set(adjudicators)}
    known = _Known.of(catalog, project)
    events = list(_events(_answers(read, author), judges, known, tasks, now))
    forms = [each for each in read if study_of.get(each.image) == each.study]
    readings = list(_readings({(each.study, author[each.reader]): each for each in forms}, known, tasks, now))
    added = catalog.append_label_events(events)
    seen = catalog.add_readings(readings)
    return Pulled(
        annotations=len(read),
        events=added,
        readings=seen,
        withdrawn=sum(reading.withdrawn for reading in readings),
        asked_again=_ask_again(project, catalog, tasks) if project.readers > 1 else 0,
    )


def _ask_again(project: ReadingProject, catalog: Catalog, tasks: Mapping[str, ReadingTask]) -> int:
    events = catalog.label_events()
    differ = set(contested(events[events["study"].isin(list(tasks))])["study"])
    closed = [tasks[study] for study in sorted(differ) if not tasks[study].waiting]
    project.ask_again(closed)
    return len(closed)


_Answer = tuple[str, str, Finding]  # study, author, finding
_Form = tuple[str, str]  # study, author


def _answers(read: Iterable[Annotation], author: dict[str, str]) -> dict[_Answer, tuple[Assertion, datetime]]:
    """What each reader says now of each finding: in the annotation saved last that speaks of it."""
    return {
        (annotation.study, author[annotation.reader], finding): (assertion, annotation.saved)
        for annotation in read
        for finding, assertion in _form.answers(annotation.result).items()
    }


@dataclass(frozen=True)
class _Known:
    """What earlier pulls of the same project left in the catalog: the last row of each key, and how many there are."""

    prefix: str
    events: dict[tuple[Any, ...], Any]
    readings: dict[tuple[Any, ...], Any]
    counts: dict[tuple[Any, ...], int]

    @classmethod
    def of(cls, catalog: Catalog, project: ReadingProject) -> "_Known":
        # The project's birth: a server that is set up anew has other readings under the same numbers.
        prefix = f"{_SERVER}|{project.made.astimezone(UTC).isoformat()}|"
        events, events_count = _last(catalog.label_events(), prefix, ["study", "author", "finding"])
        readings, readings_count = _last(catalog.readings(), prefix, ["study", "author"])
        return cls(prefix, events, readings, events_count | readings_count)

    def next_key(self, parts: tuple[str, ...]) -> str:
        """A key that two pulls at the same time give alike, so that the catalog takes only one of them."""
        return self.prefix + "|".join([*parts, str(self.counts.get(parts, 0) + 1)])


def _last(
    table: pd.DataFrame, prefix: str, by: list[str]
) -> tuple[dict[tuple[Any, ...], Any], dict[tuple[Any, ...], int]]:
    ours = table[table["key"].str.startswith(prefix)]
    rows = {tuple(getattr(row, name) for name in by): row for row in ours.itertuples(index=False)}
    return rows, {key: int(count) for key, count in ours.groupby(by).size().items()}


def _events(
    said: dict[_Answer, tuple[Assertion, datetime]],
    judges: set[str],
    known: _Known,
    tasks: Collection[str],
    now: datetime,
) -> Iterator[LabelEvent]:
    """Every answer that is new or other than it was, and those that were taken back."""
    for answer in sorted(said.keys() | known.events.keys(), key=_in_order):
        study, author, finding = answer
        before = known.events.get(answer)
        if answer not in said and study not in tasks:
            continue
        assertion, moment = said.get(answer, (Assertion.UNMENTIONED, now))
        source = LabelSource.ADJUDICATOR if author in judges else LabelSource.READER
        if before is None or before.assertion != assertion or (answer in said and before.source != source):
            yield LabelEvent(
                study=study,
                finding=Finding(finding),
                assertion=assertion,
                source=source,
                author=author,
                at=moment if before is None else max(moment, before.at),  # clocks differ; the order must not
                key=known.next_key((study, author, str(finding))),
            )


def _in_order(answer: _Answer) -> tuple[str, str, int]:
    study, author, finding = answer
    return study, author, FINDINGS.index(Finding(finding))


def _readings(
    forms: dict[_Form, Annotation], known: _Known, tasks: Collection[str], now: datetime
) -> Iterator[Reading]:
    """Every form that is new or was saved again, and those that were taken back."""
    for form, annotation in sorted(forms.items(), key=lambda each: each[0]):
        before = known.readings.get(form)
        if before is None or before.withdrawn or before.at != annotation.saved:
            yield _reading(annotation, form[1], known.next_key(form))
    for form, before in sorted(known.readings.items(), key=lambda each: each[0]):
        if form not in forms and before.study in tasks and not before.withdrawn:
            yield _withdrawn(before, max(now, before.at), known.next_key(form))


def _withdrawn(before: Any, at: datetime, key: str) -> Reading:
    return Reading(
        study=before.study,
        image=before.image,
        author=before.author,
        at=at,
        key=key,
        quality=None,
        readable=True,
        wrong_view=False,
        withdrawn=True,
        boxes=(),
    )


def _reading(annotation: Annotation, author: str, key: str) -> Reading:
    result = annotation.result
    return Reading(
        study=annotation.study,
        image=annotation.image,
        author=author,
        at=annotation.saved,
        key=key,
        quality=_form.quality(result),
        readable=_form.is_readable(result),
        wrong_view=_form.is_wrong_view(result),
        withdrawn=False,
        boxes=_form.boxes(result),
    )

"""The reading project on a Label Studio server: made when missing, its tasks and annotations."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import httpx
from pydantic import SecretStr

from components.relabeling._form import labelling_config
from components.relabeling._sdk import connect, one_sentence
from components.settings import LabelStudioSettings

_PAGE = 100
_TIMEOUT_S = 60
_INSTRUCTION = (
    "Say for each finding what this picture shows. The answers already given are the report's, or the model's where "
    "the report is silent; where the two contradict each other, nothing is filled in. Draw a box where it helps."
)


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One reader's filled form on one study, in the version last saved; the e-mail is masked in its repr."""

    id: int
    study: str
    reader: str = field(repr=False)
    saved: datetime
    result: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class ReadingProject:
    """One project of a Label Studio server; close it, or open it in a `with`.

    Raises, from every method:
        ServerError: the server does not answer, or refuses.
    """

    url: str
    title: str
    id: int
    client: Any = field(repr=False)
    _transport: httpx.Client = field(repr=False)

    @classmethod
    def open(cls, settings: LabelStudioSettings, token: SecretStr) -> Self:
        """The project with the settings' title, made when the server has none; its form is the newest."""
        transport = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, trust_env=False)
        client = connect(settings.url, token.get_secret_value(), transport)
        try:
            with one_sentence(settings.url):
                number = _number(client, settings.project)
        except BaseException:
            transport.close()
            raise
        return cls(settings.url, settings.project, number, client, transport)

    def close(self) -> None:
        """Gives the connections back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def serve_pictures(self, folder: Path) -> None:
        """Lets those with a login see the pictures in `folder`, on the server's own disk."""
        with one_sentence(self.url):
            known = self.client.import_storage.local.list(project=self.id)
            if str(folder) not in {storage.path for storage in known}:
                self.client.import_storage.local.create(
                    project=self.id, path=str(folder), title="radiographs", use_blob_urls=True
                )

    def tasks(self) -> dict[str, int]:
        """Study → its task's number, of all tasks in the project."""
        with one_sentence(self.url):
            listed = _each(self.client.tasks.list, project=self.id, fields="task_only")
            return {task.data["study"]: task.id for task in listed if "study" in task.data}

    def add(self, tasks: Sequence[Mapping[str, Any]]) -> None:
        """Adds tasks with their pre-annotations."""
        with one_sentence(self.url):
            self.client.projects.import_tasks(self.id, request=list(tasks), return_task_ids=False)

    def annotations(self) -> Iterator[Annotation]:
        """Every submitted annotation, as last saved, in the order of saving within a study."""
        with one_sentence(self.url):
            readers = {user.id: user.email for user in self.client.users.list()}
            listed = _each(self.client.tasks.list, project=self.id, fields="all", only_annotated=True)
            for task in listed:
                for saved in sorted(task.annotations or [], key=lambda annotation: annotation["updated_at"]):
                    if "study" in task.data and not saved["was_cancelled"]:
                        yield _annotation(task.data["study"], saved, readers)


def _each(listing: Callable[..., Any], **wanted: Any) -> Iterator[Any]:
    """Every item, without asking for the page behind the last one, which the server logs as an error."""
    seen = 0
    for page in itertools.count(1):
        answer = listing(page=page, page_size=_PAGE, **wanted)
        yield from answer.items
        seen += len(answer.items)
        if not answer.items or seen >= getattr(answer.response, "total", getattr(answer.response, "count", 0)):
            return


def _number(client: Any, title: str) -> int:
    """The project of this title; made, or given the newest form, where need be."""
    found = [project for project in _each(client.projects.list, title=title) if project.title == title]
    if not found:
        return _make(client, title)
    first = min(found, key=lambda project: int(project.id))
    if first.label_config != labelling_config():
        client.projects.update(id=first.id, label_config=labelling_config())
    return int(first.id)


def _make(client: Any, title: str) -> int:
    made = client.projects.create(
        title=title,
        label_config=labelling_config(),
        expert_instruction=_INSTRUCTION,
        show_collab_predictions=True,
        maximum_annotations=1,
        color="#617ada",
    )
    return int(made.id)


def _annotation(study: str, saved: Mapping[str, Any], readers: Mapping[int, str]) -> Annotation:
    person = saved.get("updated_by") or saved["completed_by"]
    return Annotation(
        id=saved["id"],
        study=study,
        reader=readers.get(person) or f"user {person}",
        saved=datetime.fromisoformat(saved["updated_at"]),
        result=tuple(saved["result"]),
    )

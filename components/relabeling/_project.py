"""The reading project on a Label Studio server: made when missing, its tasks and annotations."""

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Self

import httpx
from pydantic import SecretStr

from components.relabeling._form import labelling_config
from components.relabeling._sdk import connect, one_sentence
from components.relabeling._task import Purpose
from components.settings import LabelStudioSettings

_PAGE = 100
_TIMEOUT_S = 60
_INSTRUCTIONS = {
    Purpose.TRAINING: (
        "Say for each finding what this picture shows. The answers already given are the report's, or the model's "
        "where the report is silent; where the two contradict each other, nothing is filled in. Draw a box where it "
        "helps."
    ),
    Purpose.REFERENCE: (
        "Say for each finding what this picture shows, from the picture alone. Two of you read each study; where you "
        "differ, a third does."
    ),
}
_REFERENCE_READERS = 2


@dataclass(frozen=True, kw_only=True)
class Annotation:
    """One reader's filled form on one study, in the version last saved; the e-mail is masked in its repr."""

    id: int
    study: str
    image: str
    reader: str = field(repr=False)
    saved: datetime
    result: tuple[Mapping[str, Any], ...]


class ReadingTask(NamedTuple):
    """One study on the server: its task's number, whether it waits for a reader, and how many have read it."""

    number: int
    waiting: bool
    readings: int


@dataclass(frozen=True)
class ReadingProject:
    """One project of a Label Studio server; close it, or open it in a `with`.

    `made` tells this project from one of the same title on a server that was set up anew; `readers` is how many
    people read a study.

    Raises, from every method:
        ServerError: the server does not answer, or refuses.
    """

    url: str
    title: str
    id: int
    made: datetime
    readers: int
    client: Any = field(repr=False)
    _transport: httpx.Client = field(repr=False)

    @classmethod
    def open(
        cls,
        settings: LabelStudioSettings,
        token: SecretStr,
        *,
        purpose: Purpose = Purpose.TRAINING,
        readers: int = 1,
    ) -> Self:
        """The project of this purpose, made when the server has none; its form is the newest.

        Its title is the settings', with the purpose behind it where that is not training. A reference standard
        has two readers a study, whatever `readers` says.
        """
        transport = httpx.Client(timeout=_TIMEOUT_S, follow_redirects=True, trust_env=False)
        client = connect(settings.url, token.get_secret_value(), transport)
        title = project_title(settings, purpose)
        wanted = _REFERENCE_READERS if purpose is Purpose.REFERENCE else readers
        try:
            with one_sentence(settings.url):
                found = _found_or_made(client, title, purpose, wanted)
        except BaseException:
            transport.close()
            raise
        return cls(settings.url, title, int(found.id), found.created_at, wanted, client, transport)

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

    def tasks(self) -> dict[str, ReadingTask]:
        """Study → its task, of all tasks in the project."""
        with one_sentence(self.url):
            listed = _each(self.client.tasks.list, project=self.id, fields="task_only")
            return {
                task.data["study"]: ReadingTask(task.id, not task.is_labeled, task.total_annotations)
                for task in listed
                if "study" in task.data
            }

    def ask_again(self, tasks: Iterable[ReadingTask]) -> None:
        """Opens the tasks for one reader more than have read them."""
        with one_sentence(self.url):
            for task in tasks:
                more = {"overlap": task.readings + 1, "is_labeled": False}
                self.client.tasks.update(str(task.number), request_options={"additional_body_parameters": more})

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
                        yield _annotation(task.data, saved, readers)


def _each(listing: Callable[..., Any], **wanted: Any) -> Iterator[Any]:
    """Every item, without asking for the page behind the last one, which the server logs as an error."""
    seen = 0
    for page in itertools.count(1):
        answer = listing(page=page, page_size=_PAGE, **wanted)
        yield from answer.items
        seen += len(answer.items)
        if not answer.items or seen >= getattr(answer.response, "total", getattr(answer.response, "count", 0)):
            return


def project_title(settings: LabelStudioSettings, purpose: Purpose) -> str:
    """The title of the project with this purpose."""
    return settings.project if purpose is Purpose.TRAINING else f"{settings.project}: {purpose.value}"


def _found_or_made(client: Any, title: str, purpose: Purpose, readers: int) -> Any:
    """The project of this title; made, or given the newest form, where need be."""
    form = {"label_config": labelling_config(purpose), "maximum_annotations": readers}
    found = [project for project in _each(client.projects.list, title=title) if project.title == title]
    if not found:
        return client.projects.create(
            title=title,
            expert_instruction=_INSTRUCTIONS[purpose],
            show_collab_predictions=True,
            color="#617ada",
            **form,
        )
    first = min(found, key=lambda project: int(project.id))
    if (first.label_config, first.maximum_annotations) != tuple(form.values()):
        client.projects.update(id=first.id, **form)
    return first


def _annotation(data: Mapping[str, Any], saved: Mapping[str, Any], readers: Mapping[int, str]) -> Annotation:
    person = saved.get("updated_by") or saved["completed_by"]
    return Annotation(
        id=saved["id"],
        study=data["study"],
        image=data.get("picture", ""),
        reader=readers.get(person) or f"user {person}",
        saved=datetime.fromisoformat(saved["updated_at"]),
        result=tuple(saved["result"]),
    )

"""The readings back from Label Studio, as appended label events."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC

from components.catalog import Catalog, LabelEvent, LabelSource
from components.findings import FINDINGS, Assertion, Finding
from components.relabeling._form import answers
from components.relabeling._project import Annotation, ReadingProject

_SERVER = "label-studio"
_Answer = tuple[str, int, str]  # study, annotation, finding


@dataclass(frozen=True)
class Pulled:
    """What a pull brought: submitted annotations on studies of the catalog, and the label events that were new."""

    annotations: int
    events: int


def pull(*, project: ReadingProject, catalog: Catalog, reader: Callable[[str], str]) -> Pulled:
    """Appends every reading that the catalog does not know yet; doing it again adds nothing.

    An annotation saved again is a new event; an answer that was taken back is one as well (unmentioned), so that
    the reader's former word no longer counts.

    Args:
        project: the open reading project.
        catalog: where the events go.
        reader: a person's e-mail → pseudonym (`Pseudonymiser.person`); only the pseudonym is kept.

    Raises:
        ServerError: the server does not answer, or refuses.
    """
    studies = set(catalog.studies()["study"])
    read = [annotation for annotation in project.annotations() if annotation.study in studies]
    events = _events(sorted(read, key=lambda annotation: annotation.saved), reader, set(_given(catalog)))
    return Pulled(annotations=len(read), events=catalog.append_label_events(list(events)))


def _given(catalog: Catalog) -> Iterator[_Answer]:
    """The answers that earlier pulls brought, whatever has become of them since."""
    events = catalog.label_events()
    for study, key in events[["study", "key"]].itertuples(index=False, name=None):
        if key.startswith(f"{_SERVER}:"):
            _, annotation, finding, _ = key.split(":", 3)
            yield study, int(annotation), finding


def _events(read: Iterable[Annotation], reader: Callable[[str], str], given: set[_Answer]) -> Iterator[LabelEvent]:
    """All events of the annotations, those in the catalog among them: it tells them by their keys."""
    for annotation in read:
        author, now_given = reader(annotation.reader), answers(annotation.result)
        for finding in FINDINGS:
            answer = (annotation.study, annotation.id, finding.value)
            if finding in now_given or answer in given:
                given.add(answer)
                yield _event(annotation, author, finding, now_given.get(finding, Assertion.UNMENTIONED))


def _event(annotation: Annotation, author: str, finding: Finding, assertion: Assertion) -> LabelEvent:
    saved = annotation.saved.astimezone(UTC)
    return LabelEvent(
        study=annotation.study,
        finding=finding,
        assertion=assertion,
        source=LabelSource.READER,
        author=author,
        at=saved,
        key=f"{_SERVER}:{annotation.id}:{finding.value}:{saved.isoformat()}",
    )

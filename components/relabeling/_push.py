"""The reading queue out to Label Studio: pictures, report texts, pre-annotations, where the model looked."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
from upath import UPath

from components.catalog import Catalog, RelabelTask, View
from components.relabeling._form import pre_annotation
from components.relabeling._pictures import write_heat, write_picture
from components.relabeling._project import ReadingProject
from components.relabeling._task import Purpose, Task

if TYPE_CHECKING:
    from components.models import StudyNet

_BATCH = 20
_NO_REPORT = "No report."
_VIEWS = {View.PA: "View: PA", View.AP: "View: AP", View.LATERAL: "View: lateral", View.UNKNOWN: "View: not stated"}


@dataclass(frozen=True)
class Pushed:
    """What a push did: studies newly in the reading project, and those that were there."""

    new: int
    known: int


def push(  # noqa: PLR0913  # effects at the rim: each place it reads or writes by its name
    queue: Sequence[Task],
    *,
    project: ReadingProject,
    catalog: Catalog,
    store: UPath,
    pictures: Path,
    model: "StudyNet | None",
    model_version: str,
    now: datetime,
    progress: Callable[[int, int], None] | None = None,
) -> Pushed:
    """Adds the studies of `queue` that the reading project does not hold yet; doing it again adds nothing.

    Args:
        queue: what `select` gave.
        project: the open reading project.
        catalog: gives the report texts and the place of the DICOM files; remembers what was pushed.
        store: where the de-identified DICOM files and the model's inputs lie.
        pictures: folder on the server's disk for the PNG files, below its document root (`pictures_folder`).
        model: in eval mode; where it looked is drawn for the tasks that say for which finding. None draws nothing.
        model_version: under which the server shows the pre-annotations.
        now: aware, UTC.
        progress: called with (done, total).

    Raises:
        ServerError: the server does not answer, or refuses.
        StorageError: a picture cannot be read or written.
    """
    there = project.tasks()
    fresh = [task for task in {task.study: task for task in queue}.values() if task.study not in there]
    if fresh:
        pictures.mkdir(mode=0o700, parents=True, exist_ok=True)
        project.serve_pictures(pictures)
    keys = catalog.images().set_index("image")[["dicom_key", "input_key"]]
    texts = _report_texts(catalog.studies(), catalog.reports())
    for start in range(0, len(fresh), _BATCH):
        batch = fresh[start : start + _BATCH]
        for task in batch:
            write_picture(store / keys.at[task.image, "dicom_key"], pictures / f"{task.image}.png")
            if model is not None and task.looked is not None:
                heat = pictures / _heat_name(task, model_version)
                write_heat(model, store / keys.at[task.image, "input_key"], heat, task.looked)
        project.add([_as_sent(task, pictures.name, texts, model_version) for task in batch])
        if progress is not None:
            progress(start + len(batch), len(fresh))
    _remember(project, catalog, {task.study for task in queue}, now)
    return Pushed(new=len(fresh), known=len({task.study for task in queue}) - len(fresh))


def _as_sent(task: Task, folder: str, texts: Mapping[str, str], model_version: str) -> dict[str, Any]:
    """One task; for the reference standard the picture alone."""
    served = f"/data/local-files/?d={folder}/"
    picture = f"{served}{task.image}.png"
    data = {"image": picture, "picture": task.image, "study": task.study, "why": task.reason, "view": _VIEWS[task.view]}
    if task.purpose is Purpose.REFERENCE:
        return {"data": data}
    data |= {
        "report": texts.get(task.study, _NO_REPORT),
        "looked": f"Model {model_version}: {task.looked.title}" if task.looked else "The model said nothing of it.",
        "heat": served + _heat_name(task, model_version) if task.looked else picture,
    }
    filled = pre_annotation(task.suggested, model_version=model_version, score=task.score)
    return {"data": data, "predictions": [filled]}


def _heat_name(task: Task, model_version: str) -> str:
    return f"{task.image}.{model_version}.{task.looked}.png"


def _report_texts(studies: pd.DataFrame, reports: pd.DataFrame) -> dict[str, str]:
    """Study → the text of the report that counts, its sections under their names."""
    counting = reports[reports["current"]] if "current" in reports else reports
    texts = {row.study: _text(row.findings, row.impression) for row in counting.itertuples() if row.study}
    return {study: texts[study] for study in studies["study"] if study in texts}


def _text(findings: str, impression: str) -> str:
    sections = [
        f"{name}\n{text.strip()}" for name, text in (("FINDINGS", findings), ("IMPRESSION", impression)) if text
    ]
    return "\n\n".join(sections) or _NO_REPORT


def _remember(project: ReadingProject, catalog: Catalog, studies: set[str], now: datetime) -> None:
    """Also those whose remembering a crash prevented the last time."""
    tasks = project.tasks()
    catalog.add_relabel_tasks(
        [
            RelabelTask(study=study, project=project.title, task=tasks[study].number, pushed_at=now)
            for study in sorted(studies)
            if study in tasks
        ]
    )

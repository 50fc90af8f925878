"""The report card: one self-contained HTML page, the verdict first."""

import base64
import os
import re
import tempfile
from pathlib import Path

import jinja2

from components.errors import StorageError
from components.evaluation import _text as text
from components.evaluation._card_curves import efficiency_figure, map_figure, strategy_mark, training_figures
from components.evaluation._card_data import CardData, Outcome
from components.evaluation._card_forest import forest_figure
from components.evaluation._card_groups import group_rows, pointing_rows, reader_rows
from components.evaluation._card_rows import label_rows, operating_rows, trust_rows, verdict_counts
from components.evaluation._card_text import share_text
from components.evaluation._comparison import Comparison

_CHANGES_SHOWN = 40


def write_report_card(path: Path, data: CardData) -> Path:
    """Writes the page and gives its path; StorageError where that fails.

    No script, no outside request: style, drawings and pictures are inside the file.
    """
    page = _render(data)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".card-", suffix=".html")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(page)
        Path(name).replace(path)
    except OSError as error:
        raise StorageError(f"The report card cannot be written: {error.strerror}.") from None
    return path


def _render(data: CardData) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"jpeg": _jpeg, "mark": strategy_mark, "share": share_text}
    found = data.found
    compared = isinstance(found, Comparison)
    return environment.get_template("report_card.html").render(
        card=data,
        heading=_heading(data),
        footer=_footer(data),
        compared=compared,
        rows=label_rows(found),
        counts=verdict_counts(found),
        forest=forest_figure(found, data.max_label_loss) if isinstance(found, Comparison) else None,
        operating=operating_rows(found),
        trust=trust_rows(found),
        groups=group_rows(found.subgroups),
        readers=reader_rows(found.readers),
        pointing=pointing_rows(data.pointing),
        boxed=any(view.boxes for picture in data.gallery for view in picture.views),
        learned=efficiency_figure(data.efficiency.curves) if data.efficiency else None,
        maps=[(each, map_figure(each)) for each in data.efficiency.maps] if data.efficiency else [],
        trainings=[training_figures(points) for points in (data.training, data.duo_training) if points],
        text=text,
        changes_shown=_CHANGES_SHOWN,
        level=f"{100 * (1 - found.alpha):g}",
    )


def _heading(data: CardData) -> str:
    new, old = f"model {data.candidate}", data.champion
    if old is None:
        return {
            Outcome.PROMOTED: f"Model {data.candidate} is taken into service as this site’s first champion.",
            Outcome.WAITS: f"Model {data.candidate} passed, and waits for a person’s approval.",
            Outcome.ASIDE: f"Model {data.candidate} passed; the model in service stays there.",
            Outcome.REFUSED: f"Model {data.candidate} is not taken into service.",
        }[data.outcome]
    return {
        Outcome.PROMOTED: f"The new model is better: {new} replaces model {old}.",
        Outcome.WAITS: f"The new model is better: {new} may replace model {old} once a person approves.",
        Outcome.ASIDE: f"The new model is better: {new} passed; model {old} stays in service.",
        Outcome.REFUSED: f"The new model is refused: model {old} stays in service.",
    }[data.outcome]


def _footer(data: CardData) -> str:
    """What stands below each printed page; plain enough for a string in the style sheet."""
    told = f"radloop report card · site {data.site} · model {data.candidate} · {data.generated:%Y-%m-%d}"
    return re.sub(r"[^\w .·-]", "", told)


def _jpeg(content: bytes) -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(content).decode()}"

"""The report card: one self-contained HTML page, the verdict first."""

import base64
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from components.errors import StorageError
from components.evaluation import _text as text
from components.evaluation._card_data import CardData
from components.evaluation._card_figures import forest_figure, roc_figure, training_figures
from components.evaluation._comparison import (
    Assessment,
    Comparison,
    LabelAssessment,
    LabelComparison,
    LabelVerdict,
)

_CHANGES_SHOWN = 40


@dataclass(frozen=True, kw_only=True)
class _Row:
    """One label as the table and the small multiples show it."""

    title: str
    positives: int
    n: int
    champion: str = ""
    champion_ci: str = ""
    candidate: str
    candidate_ci: str
    delta: str = ""
    delta_ci: str = ""
    p: str = ""
    holm: str = ""
    verdict: str
    kind: str
    reason: str | None
    roc: Markup


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
    return environment.get_template("report_card.html").render(
        card=data,
        heading=_heading(data),
        compared=isinstance(data.found, Comparison),
        rows=_rows(data.found),
        counts=_counts(data.found),
        forest=forest_figure(data.found, data.max_label_loss) if isinstance(data.found, Comparison) else None,
        training=training_figures(data.training) if data.training else [],
        gallery=[(base64.b64encode(picture.png).decode(), picture.caption) for picture in data.gallery],
        text=text,
        changes_shown=_CHANGES_SHOWN,
        level=f"{100 * (1 - data.found.alpha):g}",
    )


def _heading(data: CardData) -> str:
    if data.champion is None:
        if data.promoted:
            return f"Model {data.candidate} is taken into service as this site’s first champion."
        return f"Model {data.candidate} is not taken into service."
    if data.promoted:
        return f"The new model is better: model {data.candidate} replaces model {data.champion}."
    return f"The new model is refused: model {data.champion} stays in service."


def _rows(found: Comparison | Assessment) -> list[_Row]:
    if isinstance(found, Comparison):
        return [_compared(label) for label in found.labels]
    return [_assessed(label) for label in found.labels]


def _compared(label: LabelComparison) -> _Row:
    return _Row(
        title=text.label_title(label.label),
        positives=label.positives,
        n=label.n,
        champion=text.auc_text(label.auc_a),
        champion_ci=text.interval_text(label.auc_a_ci),
        candidate=text.auc_text(label.auc_b),
        candidate_ci=text.interval_text(label.auc_b_ci),
        delta=text.difference_text(label.delta),
        delta_ci=text.difference_interval_text(label.delta_ci),
        p=text.p_text(label.delong_p),
        holm=text.p_text(label.holm_p),
        verdict=label.verdict.value,
        kind=label.verdict.name.lower(),
        reason=label.reason,
        roc=roc_figure(label.roc_a, label.roc_b),
    )


def _assessed(label: LabelAssessment) -> _Row:
    return _Row(
        title=text.label_title(label.label),
        positives=label.positives,
        n=label.n,
        candidate=text.auc_text(label.auc),
        candidate_ci=text.interval_text(label.auc_ci),
        verdict="judged" if label.judged else LabelVerdict.TOO_FEW.value,
        kind="no_difference" if label.judged else LabelVerdict.TOO_FEW.name.lower(),
        reason=label.reason,
        roc=roc_figure(None, label.roc),
    )


def _counts(found: Comparison | Assessment) -> list[tuple[str, int]]:
    """How many labels have each verdict."""
    if isinstance(found, Assessment):
        return [("judged", found.judged_labels), (LabelVerdict.TOO_FEW.value, len(found.labels) - found.judged_labels)]
    verdicts: list[Any] = [label.verdict for label in found.labels]
    return [(verdict.value, verdicts.count(verdict)) for verdict in LabelVerdict]

"""What the labeller read and how well, for the terminal."""

import math
from collections.abc import Mapping

from rich.table import Table
from rich.text import Text

from components.findings import Assertion
from components.labeler import Explanation, LabelerScore, LabelerScores, Labelled

_COLOURS = {Assertion.PRESENT: "red", Assertion.UNCERTAIN: "yellow", Assertion.ABSENT: "green"}
_MENTION, _CUE = "bold underline", "bold italic"


def explained(report: Labelled) -> Text:
    """One report's labels, each with the first sentence that made it; the mention and the cue are marked."""
    text = Text(report.report_id, style="bold")
    deciding: dict[str, Explanation] = {}
    for said, decides in report.reasons():
        if decides:
            deciding.setdefault(said.finding, said)
    for finding, assertion in report.labels.items():
        if assertion is Assertion.UNMENTIONED:
            continue
        text.append(f"\n  {finding.title:27}", style="not bold")
        text.append(f"{assertion.value:10}", style=f"not bold {_COLOURS[assertion]}")
        text.append_text(marked(deciding[finding]) if finding in deciding else Text("nothing abnormal in the report"))
    return text.append("\n")


def marked(said: Explanation) -> Text:
    """The sentence with its mention underlined and its cue in italics; in plain text [mention] and <cue>."""
    marks = [(said.mention_at, "[", "]", _MENTION)]
    if said.cue_at and said.cue_at != said.mention_at:
        marks.append((said.cue_at, "<", ">", _CUE))
    text, here = Text(style="not bold"), 0
    for (start, end), opens, closes, style in sorted(marks):
        text.append(said.sentence[here:start])
        text.append(f"{opens}{said.sentence[start:end]}{closes}", style=style)
        here = end
    return text.append(said.sentence[here:])


def scores_table(scores: LabelerScores) -> Table:
    """F1 of each finding with its interval."""
    title = f"The labeller against readers, on {scores.studies} studies"
    table = _table(title, "finding", "decided", "present", "F1", "95 % interval", "precision", "sensitivity")
    for finding, score in scores.findings.items():
        table.add_row(finding.title, *_figures(score))
    table.add_section()
    table.add_row("mean of those defined", "", "", _figure(scores.macro_f1))
    table.add_row("all cells pooled", *_figures(scores.pooled))
    table.caption = "decided: studies in which people said present or absent. –: neither side called it present."
    table.caption_justify = "left"
    return table


def over_time_table(title: str, groups: Mapping[str, LabelerScores]) -> Table:
    """Pooled and mean F1 of each group of studies."""
    table = _table(title, "", "studies", "F1, pooled", "95 % interval", "mean F1")
    for name, scores in groups.items():
        interval = _interval(scores.pooled)
        table.add_row(name, str(scores.studies), _figure(scores.pooled.f1), interval, _figure(scores.macro_f1))
    return table


def _table(title: str, first: str, *headings: str) -> Table:
    table = Table(box=None, title=title, title_justify="left", padding=(0, 1))
    table.add_column(first)
    for heading in headings:
        table.add_column(heading, justify="right")
    return table


def _figures(score: LabelerScore) -> tuple[str, ...]:
    ratios = (_figure(score.f1), _interval(score), _figure(score.precision), _figure(score.sensitivity))
    return str(score.judged), str(score.present), *ratios


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"


def _interval(score: LabelerScore) -> str:
    return "" if math.isnan(score.f1) else "–".join(f"{bound:.2f}".removeprefix("0") for bound in score.interval)

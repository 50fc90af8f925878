"""The demo's and the commands' tables for the terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from components.findings import Finding
from components.relabeling import Task


def comparison_table(comparison: Mapping[str, Any]) -> Table:
    """AUC per label for champion and candidate, with intervals and p; `comparison` is DESIGN's JSON form."""
    overall = comparison["overall"]
    table = Table(box=None, title="AUC on the locked patients (95 % interval)", title_justify="left", padding=(0, 1))
    for heading in ("finding", "positives", "champion", "candidate", "difference", "p", "Holm p", "verdict"):
        table.add_column(heading, justify="left" if heading in ("finding", "verdict") else "right", overflow="fold")
    for label in comparison["labels"]:
        table.add_row(
            _title(label["label"]),
            f"{label['positives']}/{label['n']}",
            f"{_number(label['auc_a'])} {_interval(label['auc_a_ci'])}",
            f"{_number(label['auc_b'])} {_interval(label['auc_b_ci'])}",
            _signed(label["delta"]),
            _p(label["delong_p"]),
            _p(label["holm_p"]),
            label["verdict"],
        )
    table.add_section()
    table.add_row(
        "mean of those judged",
        "",
        _number(overall["mean_auc_a"]),
        _number(overall["mean_auc_b"]),
        _signed(overall["delta"]),
        _p(overall["wilcoxon_p"]),
        "",
        "p by Wilcoxon",
    )
    if overall["delta_ci"]:
        low, high = overall["delta_ci"]
        table.caption = f"mean difference {_signed(overall['delta'])}, interval over patients {low:+.3f} to {high:+.3f}"
        table.caption_justify = "left"
    return table


def service_table(answer: Mapping[str, Any]) -> Table:
    """What the service said of one study."""
    views = "frontal and lateral together" if answer["both_views"] else "frontal"
    title = f"The service's answer (model version {answer['model_version']}, {views})"
    table = Table(box=None, title=title, title_justify="left", padding=(0, 1))
    table.add_column("finding")
    table.add_column("probability", justify="right")
    table.add_column("threshold", justify="right")
    table.add_column("")
    for name, said in sorted(answer["findings"].items(), key=lambda item: -item[1]["probability"]):
        style = "bold" if said["positive"] else None
        mark = "present" if said["positive"] else ""
        table.add_row(_title(name), _number(said["probability"]), _number(said["threshold"]), mark, style=style)
    return table


def queue_table(queue: Sequence[Task], most: int = 8) -> Table:
    """The most urgent studies of the reading queue."""
    title = f"{len(queue)} studies to read, the most urgent first"
    table = Table(box=None, title=title, title_justify="left", padding=(0, 1))
    table.add_column("", justify="right")
    table.add_column("why")
    for number, task in enumerate(queue[:most], start=1):
        table.add_row(str(number), task.reason)
    if len(queue) > most:
        table.add_row("", f"… and {len(queue) - most} more")
    return table


def _title(name: str) -> str:
    return Finding(name).title if name in set(Finding) else name


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _signed(value: float | None) -> str:
    return "–" if value is None else f"{value:+.3f}"


def _interval(interval: Sequence[float] | None) -> str:
    """As journals print it, without leading zeros: ".81–.94"."""
    return "" if interval is None else "–".join(f"{bound:.2f}".removeprefix("0") for bound in interval)


def _p(value: float | None) -> str:
    return "–" if value is None else "<.001" if value < 0.001 else f"{value:.3f}"  # noqa: PLR2004  # as journals print it

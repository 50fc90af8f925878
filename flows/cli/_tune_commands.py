"""`radloop tune`: a search for better settings."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

from flows.cli._common import Common, prefect_session

PLAIN = Common()
_BEST = "bold"


def tune(*, site: str | None = None, folder: Path | None = None, common: Common = PLAIN) -> None:
    """Tries settings on the validation patients, and prints the best as lines for radloop.toml.

    What is tried, and how long, are the settings under `tune`: ranges of the learning rate and of dropout, batch sizes,
    optimisers, schedules. The first trial is of the settings as they are; trials that do worse than others are stopped
    early. A search that was interrupted goes on where it was when its folder is named.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    folder
        Of the search: a new one, or one to go on with; default: a new one in HOME/runs.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.tune import tune as flow

        found = flow(site=site, folder=folder)
    common.answer(found)
    if not common.json:
        common.console.print(_table(found))
        common.console.print(f"\nthe best, for radloop.toml ({found['toml']}):\n")
        common.console.print(found["fragment"], markup=False, highlight=False)


def _table(found: Mapping[str, Any]) -> Table:
    """A row a trial, the best one marked."""
    title = f"{len(found['trials'])} trials, compared by {found['measure']} on the validation patients"
    table = Table(box=None, title=title, title_justify="left", padding=(0, 1))
    names = list(found["values"])
    for heading in ("trial", *(name.replace("_", " ") for name in names), "epochs", "best", "loss", "AUC", ""):
        table.add_column(heading, justify="right")
    for row in found["trials"]:
        table.add_row(
            str(row["trial"]),
            *(str(row["values"][name]) for name in names),
            str(row["epochs"]),
            str(row["best_epoch"] or "–"),
            _number(row["validation_loss"]),
            _number(row["validation_auc"]),
            _remark(row, found),
            style=_BEST if row["trial"] == found["best"] else None,
        )
    return table


def _remark(row: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    remarks = [row["failure"], "best" if row["trial"] == found["best"] else None, None if row["trial"] else "as it is"]
    return ", ".join(remark for remark in remarks if remark)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"

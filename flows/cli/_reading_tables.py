"""The reading queue's state as tables for the terminal."""

import math

from rich.table import Table

from components.findings import Finding
from components.relabeling import QueueState


def state_table(state: QueueState) -> Table:
    """How many studies wait, were read, by whom."""
    table = Table(box=None, title="The reading queue", title_justify="left", padding=(0, 1))
    table.add_column("")
    table.add_column("studies", justify="right")
    for row in state.rows():
        table.add_row(row["what"], str(row["studies"]))
    return table


def agreement_table(state: QueueState) -> Table:
    """How far readers agree on each finding that two of them stated."""
    table = Table(box=None, title="Agreement of readers", title_justify="left", padding=(0, 1))
    for heading in ("finding", "studies", "same", "Cohen's kappa", "Krippendorff's alpha"):
        table.add_column(heading, justify="left" if heading == "finding" else "right")
    for name, row in state.agreement.to_dict(orient="index").items():
        figures = (f"{row['same']:.0%}", _figure(row["kappa"]), _figure(row["alpha"]))
        table.add_row(Finding(name).title, str(int(row["studies"])), *figures)
    table.caption = "1: always; 0: as often as by chance. –: one and the same answer throughout."
    table.caption_justify = "left"
    return table


def _figure(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.2f}"

"""How a model's trace is shown."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from components.evaluation import label_title


def trace_table(found: Mapping[str, Any]) -> Table:
    """The chain from the model back; of a study the labels with their last word and what the model says."""
    table = Table(box=None, title=f"Model version {found['version']}", title_justify="left", show_header=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    for name in ("run", "bundle_sha256", "code", "labeler", "preprocessing", "snapshot"):
        table.add_row(name.replace("_", " "), str(found.get(name, "–")))
    studies = found.get("studies")
    kept = "not kept here" if studies is None else ", ".join(f"{count} {side}" for side, count in studies.items())
    table.add_row("studies", kept)
    for base in found["base"]:
        table.add_row("fine-tuned from", f"version {base['version']}, snapshot {base['snapshot']}")
    for entry in found["decisions"]:
        table.add_row("ledger", f"{entry['entry']}  {entry['at'][:19]}  {entry['kind']}  {entry['hash'][:12]}")
    if "study" in found:
        _add_study(table, found["study"])
    return table


def _add_study(table: Table, study: Mapping[str, Any]) -> None:
    table.add_section()
    side = "not in this snapshot" if study["side"] is None else f"{study['side']} side, labels by {study['source']}"
    table.add_row("study", f"{study['study']}: {side}")
    last = {event["finding"]: event for event in study["events"]}
    for finding, label in (study["labels"] or {}).items():
        event, said = last.get(finding), study["probabilities"].get(finding)
        by = "" if event is None else f" by {event['source']} {event['author']}, {event['at'][:10]}"
        table.add_row(label_title(finding), f"{label}{by}" + ("" if said is None else f"; model {said:.3f}"))
    table.add_row("label events", f"{len(study['events'])} before the model, {study['events_since']} since")

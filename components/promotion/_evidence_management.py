"""Evidence: the data, what the change may do to whom, and how it went into service."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.evaluation import LabelVerdict, label_title
from components.promotion._evidence_types import Fact, Grid, Section, Value
from components.promotion._ledger import LedgerEntry
from components.promotion._records import ReleaseRecords, entry_name
from components.promotion._registry import Alias


def data_management(records: ReleaseRecords) -> Section:
    """What was learnt from and judged on, how it was split, labelled and checked."""
    title, asked = "Data management", "Where the data come from, how they are kept apart, labelled and checked."
    snapshot = records.snapshot
    if snapshot is None:
        return Section(title=title, asked=asked, missing=("the snapshot's record",))
    origin, source = snapshot["origin"], f"snapshot.json {records.bundle.snapshot_hash[:12]}"
    facts = [
        Fact(name="Site", value=origin["site"], source=source),
        Fact(name="Images", value=snapshot["images"], source=source),
        Fact(name="Versions of the report labeller", value=", ".join(origin["labelers"]) or None, source=source),
        Fact(name="Uncertain statements become", value=origin["uncertain"], source=source),
        Fact(name="Version of the pictures' preparation", value=origin["preprocessing"], source=source),
        Fact(name="Seed", value=origin["seed"], source=source),
        Fact(name="Data Docs", value=records.model.tags.get("radloop.data_docs"), source="MLflow registry"),
        *_checks(records),
    ]
    sides = Grid(
        title="Sides of the split; a patient is on one, for ever",
        columns=("side", "patients", "studies"),
        rows=tuple((side, count, snapshot["studies"].get(side)) for side, count in snapshot["patients"].items()),
        source=source,
    )
    labels = Grid(
        title="Whose labels",
        columns=("source", "studies"),
        rows=tuple(snapshot["sources"].items()),
        source=source,
    )
    return Section(title=title, asked=asked, facts=tuple(facts), grids=(sides, labels, *_mix(records)))


def _checks(records: ReleaseRecords) -> Iterator[Fact]:
    if records.look is None:
        return
    checks, source = records.look.body["checks"], entry_name(records.look)
    yield Fact(name="Data checks made, no critical one failed", value=checks["made"], source=source)
    yield Fact(name="Warnings", value="; ".join(checks["failed"]) or "none", source=source)


def _mix(records: ReleaseRecords) -> Iterator[Grid]:
    if records.profile is None:
        return
    yield Grid(
        title="Patients and pictures",
        columns=("of", "value", "count"),
        rows=tuple((what, value, n) for what, counts in records.profile["mix"].items() for value, n in counts.items()),
        source="profile.json of the version",
    )


def impact(records: ReleaseRecords) -> Section:
    """Whom the change helps, whom it may harm, and the way back."""
    found = records.results or {}
    source = "results.json of the version"
    labels = found.get("labels", ())
    facts = [_named(verdict, labels, source) for verdict in LabelVerdict if any("verdict" in each for each in labels)]
    aliases = {alias.value for alias in records.model.aliases}
    champion = None if records.verdict is None else records.verdict.body["champion"]
    facts += [
        Fact(name="Way back: version that `radloop rollback` restores", value=champion, source=_verdict_name(records)),
        Fact(name="In service", value=Alias.CHAMPION.value in aliases, source="MLflow registry"),
    ]
    missing = () if records.results is not None else ("the results of the look",)
    return Section(
        title="Impact assessment",
        asked="Benefits and risks of the change, and what limits the risks.",
        facts=tuple(facts),
        grids=tuple(_groups(found.get("subgroups", ()), source)),
        missing=missing,
    )


def _named(verdict: LabelVerdict, labels: Any, source: str) -> Fact:
    names = ", ".join(label_title(label["label"]) for label in labels if label.get("verdict") == verdict.value)
    return Fact(name=f"Findings: {verdict.value}", value=names or "none", source=source)


def _groups(groups: Any, source: str) -> Iterator[Grid]:
    if not groups:
        return
    compared = "delta" in groups[0]
    figures = ("mean_auc_a", "mean_auc_b", "delta") if compared else ("mean_auc",)
    titles = ("champion", "candidate", "difference") if compared else ("mean AUC",)
    interval = "delta_ci" if compared else "mean_auc_ci"
    yield Grid(
        title="Subgroups of the locked patients, mean AUC",
        columns=("attribute", "group", "patients", "studies", "labels", "fewest cases", *titles, "interval", "reason"),
        rows=tuple(
            (
                *(group[name] for name in ("attribute", "group", "patients", "studies", "judged_labels", "fewest")),
                *(group[name] for name in figures),
                between(group[interval]),
                group["reason"],
            )
            for group in groups
        ),
        source=source,
    )


def between(interval: list[float | None]) -> str | None:
    """An interval as it is printed; None where undefined."""
    low, high = interval
    return None if low is None or high is None else f"{low:.3f} to {high:.3f}".replace("-", "−")


def _verdict_name(records: ReleaseRecords) -> str:
    return "ledger: no verdict" if records.verdict is None else entry_name(records.verdict)


def update_procedure(records: ReleaseRecords) -> Section:
    """Every recorded step of this version, with who approved it."""
    return Section(
        title="Update procedure and approval",
        asked="How the change came into service, who decided it, and when.",
        grids=(
            Grid(
                title="The ledger's entries on this version",
                columns=("entry", "time (UTC)", "what", "state", "by", "words", "hash"),
                rows=tuple(_step(entry) for entry in records.history),
                source=f"ledger of {len(records.entries)} entries, verified",
            ),
        ),
    )


def _step(entry: LedgerEntry) -> tuple[Value, ...]:
    body: Mapping[str, Any] = entry.body
    state = body.get("state") or body.get("decision")
    return (
        entry.index,
        f"{entry.at:%Y-%m-%d %H:%M:%S}",
        entry.kind.value,
        state,
        body.get("approver"),
        body.get("words"),
        entry.hash[:12],
    )

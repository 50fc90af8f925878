"""Evidence: what was changed, and by which protocol, fixed before anybody looked."""

from collections.abc import Iterator, Mapping
from typing import Any

from components.promotion._evidence_types import Fact, Grid, Section, Value
from components.promotion._records import JsonObject, ReleaseRecords, entry_name


def modification(records: ReleaseRecords) -> Section:
    """From which model to which, with which settings and data."""
    bundle, source = records.bundle, f"bundle.json of version {records.version}"
    against = None if records.verdict is None else records.verdict.body["champion"]
    facts = [
        Fact(name="Model version", value=records.version, source="MLflow registry"),
        Fact(name="Registered", value=f"{records.model.created:%Y-%m-%d %H:%M} UTC", source="MLflow registry"),
        Fact(name="Fine-tuned from version", value=bundle.base_version, source=source),
        Fact(name="Networks", value=", ".join(records.config["members"]), source="config.json of the bundle"),
        Fact(name="Code", value=bundle.code_version, source=source),
        Fact(name="Learnt from snapshot", value=bundle.snapshot_hash, source=source),
    ]
    if records.verdict is not None:
        facts.insert(2, Fact(name="Compared with version", value=against, source=entry_name(records.verdict)))
    missing = ["the settings of the version before"] if against and records.champion_parameters is None else []
    grids = [*_changed_settings(records, against), *_changed_data(records, against)]
    return Section(
        title="Description of the modification",
        asked="Which device is changed, from what, to what.",
        facts=tuple(facts),
        grids=tuple(grids),
        missing=tuple(missing),
    )


def _changed_settings(records: ReleaseRecords, against: str | None) -> Iterator[Grid]:
    before, after = records.champion_parameters, records.parameters
    if before is None:
        return
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    yield Grid(
        title="Settings that differ" if names else "Settings that differ: none",
        columns=("setting", f"version {against}", f"version {records.version}"),
        rows=tuple((name, before.get(name), after.get(name)) for name in names),
        source="parameters of both MLflow runs",
    )


def _changed_data(records: ReleaseRecords, against: str | None) -> Iterator[Grid]:
    if records.snapshot is None or records.champion_snapshot is None:
        return
    before, after = (_sizes(snapshot) for snapshot in (records.champion_snapshot, records.snapshot))
    yield Grid(
        title="Data that both learnt from",
        columns=("", f"version {against}", f"version {records.version}"),
        rows=tuple((name, before.get(name), after[name]) for name in after),
        source="snapshot.json of both",
    )


def _sizes(snapshot: JsonObject) -> dict[str, Value]:
    sizes: dict[str, Value] = {"site": snapshot["origin"]["site"], "images": snapshot["images"]}
    for what in ("studies", "patients"):
        sizes |= {f"{what}, {side}": count for side, count in snapshot[what].items()}
    return sizes


def protocol(records: ReleaseRecords) -> Section:
    """The acceptance criteria as the ledger held them when the locked patients were looked at."""
    look, verdict = records.look, records.verdict
    title, asked = "Modification protocol", "The criteria, fixed before the locked patients were looked at."
    if look is None:
        return Section(title=title, asked=asked, missing=("no look at locked patients is in the ledger",))
    source = entry_name(look)
    facts = [
        Fact(name="Criteria on record since", value=f"{look.at:%Y-%m-%d %H:%M:%S} UTC", source=source),
        Fact(name="Look", value=f"{look.body['look']} of {look.body['looks']}", source=source),
        Fact(name="Round of looks", value=look.body["round"], source=source),
        Fact(name="Level of this look's test (two-sided)", value=look.body["level"], source=source),
        Fact(name="Chance that a model no better passes this and all earlier looks, at most",
             value=look.body["chance"], source=source),
        Fact(name="Locked patients", value=look.body["patients"], source=source),
        Fact(name="Locked studies", value=look.body["studies"], source=source),
    ]  # fmt: skip
    if verdict is not None:
        facts.insert(1, Fact(name="Judged", value=f"{verdict.at:%Y-%m-%d %H:%M:%S} UTC", source=entry_name(verdict)))
    policy = Grid(
        title="Acceptance criteria (the gate's policy)",
        columns=("criterion", "value"),
        rows=tuple(_flat(look.body["policy"])),
        source=source,
    )
    return Section(title=title, asked=asked, facts=tuple(facts), grids=(policy,))


def _flat(values: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Value]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value

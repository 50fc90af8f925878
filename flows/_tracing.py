"""From a model's probabilities back to what they rest on: snapshot, studies, label events, decisions."""

from typing import Any

import pandas as pd

from components.catalog import Catalog
from components.errors import CatalogError
from components.labels import CODES
from components.promotion import Ledger, RegisteredModel, Registry, read_bundle
from components.settings import Settings
from flows._evidence import version_named
from flows._kept import codes_of, kept_manifest
from flows._modelling import registry

_NAMING = ("version", "candidate", "champion", "replaced")


def trace(model: str | None, study: str | None, settings: Settings) -> dict[str, Any]:
    """What a version (or alias; None: the champion) rests on, and with `study` what it learnt of, and said of, it.

    Raises:
        ModelError: no such version.
        CatalogError: the study is not in the catalog.
        LedgerError: the ledger is not whole.
    """
    shelf = registry(settings)
    version = version_named(model, shelf)
    chain = _chain(version, shelf)
    found = {**chain[0], "base": chain[1:], "decisions": _decisions(version, settings)}
    snapshot = read_bundle(shelf.fetch(version, settings.home.absolute() / "models")).snapshot_hash
    manifest = kept_manifest(snapshot, settings)
    found["snapshot_kept"] = manifest is not None
    if manifest is not None:
        found["studies"] = manifest.groupby("side")["study"].nunique().to_dict()
    if study is not None:
        found["study"] = _study(study, shelf.model(version), manifest, settings)
    return found


def _chain(version: str, shelf: Registry) -> list[dict[str, Any]]:
    """The version, the one that it was fine-tuned from, and so on to the first."""
    chain: list[dict[str, Any]] = []
    while version != "none":
        model = shelf.model(version)
        lineage = {name.removeprefix("radloop."): text for name, text in model.tags.items() if name in _LINEAGE}
        chain.append({"version": version, "run": model.run_id, "aliases": list(model.aliases), **lineage})
        version = model.tags["radloop.base_version"]
    return chain


_LINEAGE = {
    f"radloop.{name}" for name in ("snapshot", "bundle_sha256", "code", "labeler", "preprocessing", "base_version")
}


def _decisions(version: str, settings: Settings) -> list[dict[str, Any]]:
    """The ledger's entries that name the version."""
    return [
        {"entry": entry.index, "at": entry.at.isoformat(), "kind": entry.kind.value, "hash": entry.hash}
        for entry in Ledger(settings.ledger).entries()
        if not entry.of_head and any(entry.body.get(name) == version for name in _NAMING)
    ]


def _study(study: str, model: RegisteredModel, manifest: pd.DataFrame | None, settings: Settings) -> dict[str, Any]:
    """One study: its side and labels in the snapshot, the events that they came from, and what the model says."""
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        if study not in set(catalog.studies()["study"]):
            raise CatalogError("The catalog has no study of this pseudonym.")
        events = catalog.label_events()
        said = catalog.predictions(model.version)
    events = events[events["study"] == study]
    before = events["at"] <= pd.Timestamp(model.created)
    said = said[said["study"] == study]
    return {
        "study": study,
        **_in_snapshot(study, manifest),
        "events": [
            {**event, "at": event["at"].isoformat()}
            for event in events[before].drop(columns=["study", "key"]).to_dict(orient="records")
        ],
        "events_since": int((~before).sum()),
        "probabilities": dict(zip(said["finding"], said["probability"], strict=True)),
    }


def _in_snapshot(study: str, manifest: pd.DataFrame | None) -> dict[str, Any]:
    if manifest is None or study not in set(manifest["study"]):
        return {"side": None, "labels": None}
    rows = manifest[manifest["study"] == study]
    words = {code: assertion.value for assertion, code in CODES.items()}
    labels = codes_of(rows).loc[study]
    return {
        "side": str(rows["side"].iloc[0]),
        "source": str(rows["source"].iloc[0]),
        "images": len(rows),
        "labels": {str(finding): words.get(int(code), "unlabelled") for finding, code in labels.items()},
    }

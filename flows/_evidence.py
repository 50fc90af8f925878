"""A release's records gathered from registry, ledger and bundle, and the file made of them."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from components.errors import ModelError
from components.promotion import (
    Alias,
    Ledger,
    LedgerEntry,
    Registry,
    ReleaseRecords,
    bundle_hash,
    gather_evidence,
    judged_versions,
    parsed,
    read_bundle,
    write_evidence,
)
from components.settings import Settings
from flows._modelling import registry


def evidence(model: str | None, out: Path | None, settings: Settings) -> Path:
    """Writes the evidence of a version (or an alias; None: the champion), and gives the page.

    Raises:
        ModelError: no such version, or its records are not those that the ledger knows.
        LedgerError: the ledger is not whole.
    """
    shelf = registry(settings)
    records = gather_records(version_named(model, shelf), shelf, settings)
    path = out or settings.home.absolute() / "evidence" / f"version-{records.version}.html"
    return write_evidence(path, gather_evidence(records, now=datetime.now(UTC)))


def version_named(model: str | None, shelf: Registry) -> str:
    """The version of that number or alias; None: the champion. ModelError where no version has the alias."""
    if model is not None and model not in set(Alias):
        return model
    alias = Alias(model or Alias.CHAMPION)
    version = shelf.version_of(alias)
    if version is None:
        raise ModelError(f"This site has no {alias.value} yet: name a version.")
    return version


def gather_records(version: str, shelf: Registry, settings: Settings) -> ReleaseRecords:
    """All that is on record of a version, what the ledger holds a hash of proved by it."""
    model, entries = shelf.model(version), Ledger(settings.ledger).entries()
    bundle = shelf.fetch(version, settings.home.absolute() / "models")
    verdict = judged_versions(entries).get(version)
    champion = None if verdict is None else verdict.body["champion"]
    return ReleaseRecords(
        model=model,
        bundle=read_bundle(bundle),
        bundle_sha256=bundle_hash(bundle),
        config=json.loads((bundle / "config.json").read_bytes()),
        parameters=shelf.parameters(version),
        snapshot=parsed(shelf.attachment(version, "snapshot_record")),
        profile=parsed(shelf.attachment(version, "profile")),
        results=parsed(_proved(shelf.attachment(version, "results"), "results", verdict)),
        materials=parsed(_proved(shelf.attachment(version, "bill_of_materials"), "bill_of_materials", verdict)),
        champion_parameters=None if champion is None else shelf.parameters(champion),
        champion_snapshot=None if champion is None else parsed(shelf.attachment(champion, "snapshot_record")),
        entries=entries,
    )


def _proved(content: bytes | None, name: str, verdict: LedgerEntry | None) -> bytes | None:
    """The attachment, once it is what the ledger noted when the version was judged."""
    if content is None or verdict is None:
        return content
    if hashlib.sha256(content).hexdigest() != verdict.body.get(f"{name}_sha256"):
        raise ModelError(
            f"The {name.replace('_', ' ')} kept with version {verdict.body['version']} are not those that the ledger "
            "noted when it was judged: they were altered."
        )
    return content

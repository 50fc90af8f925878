"""The records that prove a release, each named so that every figure can say where it comes from."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.promotion._bundle import BundleRecord
from components.promotion._ledger import LedgerEntry, LedgerKind
from components.promotion._registry import RegisteredModel

JsonObject = Mapping[str, Any]
_NAMING = ("version", "candidate", "replaced")


@dataclass(frozen=True, kw_only=True)
class ReleaseRecords:
    """All that is on record of one version; None for what was not kept.

    config: config.json of the bundle. parameters: of its MLflow run. snapshot: snapshot.json. profile: what the
    snapshot is made of. results: every figure of the look. materials: CycloneDX. champion_…: of the version that it
    was compared with. entries: of the whole ledger, verified.
    """

    model: RegisteredModel
    bundle: BundleRecord
    bundle_sha256: str
    config: JsonObject
    parameters: Mapping[str, str]
    snapshot: JsonObject | None
    profile: JsonObject | None
    results: JsonObject | None
    materials: JsonObject | None
    champion_parameters: Mapping[str, str] | None
    champion_snapshot: JsonObject | None
    entries: tuple[LedgerEntry, ...]

    @property
    def version(self) -> str:
        """Of the model."""
        return self.model.version

    @property
    def history(self) -> tuple[LedgerEntry, ...]:
        """The ledger's entries that name this version, oldest first."""
        own = (entry for entry in self.entries if not entry.of_head)
        return tuple(entry for entry in own if any(entry.body.get(name) == self.version for name in _NAMING))

    @property
    def verdict(self) -> LedgerEntry | None:
        """The last verdict on it."""
        return self._last(LedgerKind.VERDICT, LedgerKind.REFUSAL)

    @property
    def look(self) -> LedgerEntry | None:
        """The last look at the locked patients with it."""
        return self._last(LedgerKind.LOOK)

    def _last(self, *kinds: LedgerKind) -> LedgerEntry | None:
        found = [entry for entry in self.history if entry.kind in kinds]
        return found[-1] if found else None


def entry_name(entry: LedgerEntry) -> str:
    """How a source names an entry of the ledger."""
    return f"ledger entry {entry.index} ({entry.hash[:12]})"


def parsed(content: bytes | None) -> JsonObject | None:
    """An attachment as JSON, None where there is none."""
    if content is None:
        return None
    found: JsonObject = json.loads(content)
    return found

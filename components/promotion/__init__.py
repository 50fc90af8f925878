"""The gate, what it remembers, and which model serves."""

from components.promotion._bundle import (
    BundleRecord,
    Preprocessing,
    bundle_hash,
    check_bundle,
    read_bundle,
    write_bundle,
)
from components.promotion._gate import decide, decide_first
from components.promotion._ledger import Ledger, LedgerEntry, LedgerKind
from components.promotion._registry import Alias, RegisteredModel, Registry
from components.promotion._verdict import Clause, ClauseName, Decision, Verdict

__all__ = [
    "Alias",
    "BundleRecord",
    "Clause",
    "ClauseName",
    "Decision",
    "Ledger",
    "LedgerEntry",
    "LedgerKind",
    "Preprocessing",
    "RegisteredModel",
    "Registry",
    "Verdict",
    "bundle_hash",
    "check_bundle",
    "decide",
    "decide_first",
    "read_bundle",
    "write_bundle",
]

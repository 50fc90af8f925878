"""The gate, what it remembers, and which model serves."""

from components.promotion._bundle import (
    BundleRecord,
    Preprocessing,
    bundle_hash,
    check_bundle,
    read_bundle,
    write_bundle,
)
from components.promotion._evidence import Evidence, gather_evidence, write_evidence
from components.promotion._gate import decide, decide_first
from components.promotion._head_gate import HeadVerdict, head_level, judge_head
from components.promotion._head_registry import HeadRegistry
from components.promotion._ledger import Ledger, LedgerEntry, LedgerKind
from components.promotion._looks import Look, next_look, take_look
from components.promotion._materials import write_bill_of_materials
from components.promotion._records import ReleaseRecords, parsed
from components.promotion._registry import Alias, RegisteredModel, Registry
from components.promotion._release import Approval, MoveState, Releases, judged_versions
from components.promotion._results import write_results
from components.promotion._verdict import Clause, ClauseName, Decision, Verdict

__all__ = [
    "Alias",
    "Approval",
    "BundleRecord",
    "Clause",
    "ClauseName",
    "Decision",
    "Evidence",
    "HeadRegistry",
    "HeadVerdict",
    "Ledger",
    "LedgerEntry",
    "LedgerKind",
    "Look",
    "MoveState",
    "Preprocessing",
    "RegisteredModel",
    "Registry",
    "ReleaseRecords",
    "Releases",
    "Verdict",
    "bundle_hash",
    "check_bundle",
    "decide",
    "decide_first",
    "gather_evidence",
    "head_level",
    "judge_head",
    "judged_versions",
    "next_look",
    "parsed",
    "read_bundle",
    "take_look",
    "write_bill_of_materials",
    "write_bundle",
    "write_evidence",
    "write_results",
]

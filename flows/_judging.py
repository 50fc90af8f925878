"""The gate's steps: each look counted, each verdict recorded, the champion moved only on proof."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pandas as pd
from prefect.artifacts import create_table_artifact

from components.catalog import Side
from components.datasets import Snapshot
from components.errors import ModelError
from components.evaluation import Assessment, Comparison, assess, compare
from components.promotion import Alias, Decision, Ledger, LedgerKind, Registry, Verdict, decide, decide_first
from components.quality import QualityReport
from components.settings import Settings
from flows._modelling import Candidate, registry
from flows._steps import step
from flows._telling import say


@step(name="assess", retries=0)
def judge_first(
    snapshot: Snapshot, scores: pd.DataFrame, candidate: Candidate, checks: QualityReport, settings: Settings
) -> tuple[Assessment, Verdict]:
    """A first model on its site's locked patients, and whether it may serve where none does."""
    _count_look(snapshot, {"candidate": candidate.version}, settings)
    found = assess(
        snapshot.truth(Side.TEST), scores, patients=_patients(snapshot), settings=settings.gate, seed=settings.seed
    )
    registry(settings).log_metrics(candidate.run_id, found.metrics)
    verdict = decide_first(found, checks_passed=checks.passed)
    _record(candidate, verdict, settings)
    return found, verdict


@step(name="compare and judge", retries=0)
def judge(  # noqa: PLR0913  # both models, what they said, and the policy
    snapshot: Snapshot,
    champion_scores: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    *,
    champion: str,
    candidate: Candidate,
    checks: QualityReport,
    settings: Settings,
) -> tuple[Comparison, Verdict]:
    """Champion and candidate on the same locked patients, and whether the candidate may replace it."""
    _count_look(snapshot, {"champion": champion, "candidate": candidate.version}, settings)
    found = compare(
        snapshot.truth(Side.TEST),
        champion_scores,
        candidate_scores,
        patients=_patients(snapshot),
        settings=settings.gate,
        seed=settings.seed,
    )
    registry(settings).log_metrics(candidate.run_id, found.metrics)
    verdict = decide(found, settings.gate, checks_passed=checks.passed)
    _record(candidate, verdict, settings)
    _show(found)
    return found, verdict


@step(name="promote", retries=0)
def promote(candidate: Candidate, settings: Settings) -> None:
    """Moves the champion alias to the candidate; the service follows within seconds."""
    _move(candidate.version, registry(settings), settings)
    say(f"  version {candidate.version} is champion now")


def promote_version(version: str | None, settings: Settings) -> str:
    """Makes a version champion by hand, where the gate had let it pass; gives its number.

    Raises:
        ModelError: no such version, or the gate refused it.
    """
    shelf = registry(settings)
    chosen = version or shelf.version_of(Alias.CHALLENGER)
    if chosen is None:
        raise ModelError("There is no challenger to promote: name a version.")
    if shelf.model(chosen).tags.get("radloop.verdict") != Decision.PROMOTE.value:
        raise ModelError(f"The gate did not let version {chosen} pass: it is not promoted. Its report card says why.")
    _move(chosen, shelf, settings)
    return chosen


def roll_back(settings: Settings) -> str:
    """Swaps champion and previous, and gives the version that serves now."""
    shelf = registry(settings)
    champion = shelf.champion_version()
    restored = shelf.rollback()
    Ledger(settings.ledger).append(LedgerKind.ROLLBACK, {"version": restored, "replaced": champion}, datetime.now(UTC))
    return restored


def _move(version: str, shelf: Registry, settings: Settings) -> None:
    """In the ledger first: a crash before the registry follows is seen there."""
    body = {"version": version, "replaced": shelf.champion_version()}
    Ledger(settings.ledger).append(LedgerKind.PROMOTION, body, datetime.now(UTC))
    shelf.promote(version)


def _count_look(snapshot: Snapshot, models: Mapping[str, str], settings: Settings) -> None:
    body = {"snapshot": snapshot.hash, "studies": len(snapshot.truth(Side.TEST)), **models}
    Ledger(settings.ledger).append(LedgerKind.LOOK, body, datetime.now(UTC))


def _record(candidate: Candidate, verdict: Verdict, settings: Settings) -> None:
    kind = LedgerKind.VERDICT if verdict.promoted else LedgerKind.REFUSAL
    body = {"version": candidate.version, **verdict.to_json()}
    entry = Ledger(settings.ledger).append(kind, body, datetime.now(UTC))
    registry(settings).record_verdict(candidate.version, verdict, ledger_hash=entry.hash)


def _patients(snapshot: Snapshot) -> "pd.Series[str]":
    """Study → patient, of the locked side."""
    rows = snapshot.rows(Side.TEST).drop_duplicates("study")
    return rows.set_index("study")["patient"]


def _show(found: Comparison) -> None:
    rows: list[dict[str, Any]] = found.to_json()["labels"]
    shown = ("label", "positives", "n", "auc_a", "auc_b", "delta", "delong_p", "holm_p", "verdict")
    create_table_artifact(
        [{name: row[name] for name in shown} for row in rows],
        key="auc-table",
        description="AUC of champion (a) and candidate (b) on the same locked patients.",
    )

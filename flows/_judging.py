"""The gate's steps: each look counted, each verdict recorded, the champion moved only on proof."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from prefect.artifacts import create_table_artifact

from components.catalog import Side
from components.datasets import Snapshot
from components.deidentify import deidentify_text
from components.evaluation import Assessment, Comparison, assess, compare, subgroup_frame
from components.promotion import (
    Approval,
    Ledger,
    LedgerKind,
    Look,
    Releases,
    Verdict,
    decide,
    decide_first,
    next_look,
    read_bundle,
    take_look,
    write_bill_of_materials,
    write_results,
)
from components.quality import QualityReport
from components.settings import Settings
from flows._modelling import Candidate, code_version, registry
from flows._steps import step
from flows._telling import say


def releases(settings: Settings) -> Releases:
    """The hospital's releases; a move that a crash broke off is ended first, and told."""
    found = Releases(registry(settings), Ledger(settings.ledger))
    if told := found.recover(datetime.now(UTC)):
        say(f"  {told}")
    return found


@step(name="may the locked patients be looked at", retries=0)
def require_look(snapshot: Snapshot, settings: Settings) -> None:
    """Nothing is trained that cannot be judged: raises GateError where the looks are spent."""
    next_look(
        Ledger(settings.ledger).entries(),
        site=snapshot.record.origin.site,
        patients=_patients(snapshot).nunique(),
        settings=settings.gate,
    )


@step(name="assess", retries=0)
def judge_first(
    snapshot: Snapshot, scores: pd.DataFrame, candidate: Candidate, checks: QualityReport, settings: Settings
) -> tuple[Assessment, Verdict]:
    """A first model on its site's locked patients, and whether it may serve where none does."""
    look = _look(snapshot, candidate, champion=None, checks=checks, settings=settings)
    found = assess(
        snapshot.truth(Side.TEST),
        scores,
        patients=_patients(snapshot),
        groups=_groups(snapshot),
        thresholds=_thresholds(candidate.bundle),
        settings=settings.gate.model_copy(update={"alpha": look.level}),
        seed=settings.seed,
    )
    verdict = decide_first(found, look=look, checks_passed=checks.passed)
    _record(snapshot, candidate, found, verdict, champion=None, settings=settings)
    return found, verdict


@step(name="compare and judge", retries=0)
def judge(  # noqa: PLR0913  # both models, what they said, and the policy
    snapshot: Snapshot,
    champion_scores: pd.DataFrame,
    candidate_scores: pd.DataFrame,
    *,
    champion: Path,
    candidate: Candidate,
    checks: QualityReport,
    settings: Settings,
) -> tuple[Comparison, Verdict]:
    """Champion (its bundle) and candidate on the same locked patients, and whether the candidate may replace it."""
    look = _look(snapshot, candidate, champion=champion.name, checks=checks, settings=settings)
    found = compare(
        snapshot.truth(Side.TEST),
        champion_scores,
        candidate_scores,
        patients=_patients(snapshot),
        groups=_groups(snapshot),
        thresholds_a=_thresholds(champion),
        thresholds_b=_thresholds(candidate.bundle),
        settings=settings.gate,
        seed=settings.seed,
    )
    verdict = decide(found, settings.gate, look=look, checks_passed=checks.passed)
    _record(snapshot, candidate, found, verdict, champion=champion.name, settings=settings)
    _show(found)
    return found, verdict


@step(name="promote", retries=0)
def promote(candidate: Candidate, settings: Settings) -> bool:
    """Moves the champion alias to the candidate, whom the service follows within seconds; False where it must wait.

    With the setting gate.approval a person decides, by `radloop promote` or the deployment of that name.
    """
    if settings.gate.approval:
        say(
            f"  version {candidate.version} passed and is waiting for approval: "
            f"radloop promote {candidate.version} --approver NAME --words TEXT"
        )
        return False
    promote_version(candidate.version, approval=None, settings=settings)
    say(f"  version {candidate.version} is champion now")
    return True


def promote_version(version: str | None, *, approval: Approval | None, settings: Settings) -> str:
    """Makes a version (None: the challenger) champion, where the gate had let it pass; gives its number.

    Raises:
        ModelError: no such version.
        GateError: the gate refused it, or it is not approved.
    """
    return releases(settings).promote(
        version, approval=approval, approval_required=settings.gate.approval, now=datetime.now(UTC)
    )


def roll_back(settings: Settings, *, withdraw: str | None = None) -> str:
    """Swaps champion and previous, and gives the version that serves now; `withdraw` says why the other may not again.

    Raises:
        ModelError: there is no previous champion.
    """
    why = None if withdraw is None else _clean(withdraw)
    return releases(settings).roll_back(now=datetime.now(UTC), withdraw=why)


def rotate(site: str, *, approver: str, words: str, settings: Settings) -> None:
    """Opens a new round of looks at a site's locked patients, by a named person's decision.

    Raises:
        GateError: name or words are empty.
    """
    body = {"site": site, **Approval(approver=approver, words=_clean(words)).to_json()}
    Ledger(settings.ledger).append(LedgerKind.ROTATION, body, datetime.now(UTC))


def approval_of(approver: str | None, words: str | None) -> Approval | None:
    """The approval that was typed, None where nothing was; names that the words give with a title are taken out.

    Raises:
        GateError: a name without words, or words without a name.
    """
    if approver is None and words is None:
        return None
    return Approval(approver=approver or "", words=_clean(words or ""))


def _clean(words: str) -> str:
    return deidentify_text(words, names=(), identifiers=())


def _look(
    snapshot: Snapshot, candidate: Candidate, *, champion: str | None, checks: QualityReport, settings: Settings
) -> Look:
    """The look, counted before it is taken."""
    facts: dict[str, Any] = {
        "snapshot": snapshot.hash,
        "studies": len(snapshot.truth(Side.TEST)),
        "champion": champion,
        "candidate": candidate.version,
        "checks": {"made": len(checks.results), "failed": [result.name for result in checks.warnings]},
    }
    return take_look(
        Ledger(settings.ledger),
        site=snapshot.record.origin.site,
        patients=_patients(snapshot).nunique(),
        settings=settings.gate,
        facts=facts,
        now=datetime.now(UTC),
    )


def _record(  # noqa: PLR0913  # what a verdict rests on
    snapshot: Snapshot,
    candidate: Candidate,
    found: Comparison | Assessment,
    verdict: Verdict,
    *,
    champion: str | None,
    settings: Settings,
) -> None:
    """The verdict in the ledger; results, bill of materials and snapshot's record beside the version, proved by it."""
    shelf, folder = registry(settings), candidate.bundle.parent
    shelf.log_metrics(candidate.run_id, found.metrics)
    written = {
        "results": write_results(folder / "results.json", found),
        "bill_of_materials": write_bill_of_materials(folder / "bill-of-materials.json", code_version()),
    }
    for name, file in {**written, "snapshot_record": snapshot.folder / "snapshot.json"}.items():
        shelf.attach(candidate.version, file, name)
    facts = {f"{name}_sha256": hashlib.sha256(file.read_bytes()).hexdigest() for name, file in written.items()}
    Releases(shelf, Ledger(settings.ledger)).record_verdict(
        candidate.version, verdict, champion=champion, facts=facts, now=datetime.now(UTC)
    )


def _patients(snapshot: Snapshot) -> "pd.Series[str]":
    """Study → patient, of the locked side."""
    rows = snapshot.rows(Side.TEST).drop_duplicates("study")
    return rows.set_index("study")["patient"]


def _thresholds(bundle: Path) -> dict[str, float | None]:
    return {finding.value: threshold for finding, threshold in read_bundle(bundle).thresholds.items()}


def _groups(snapshot: Snapshot) -> pd.DataFrame:
    """What the locked studies are grouped by."""
    judged = snapshot.truth(Side.TEST).index
    rows = snapshot.rows(Side.TEST, frontal=False)
    return subgroup_frame(rows[rows["study"].isin(judged)])


def _show(found: Comparison) -> None:
    rows: list[dict[str, Any]] = found.to_json()["labels"]
    shown = ("label", "positives", "n", "auc_a", "auc_b", "delta", "delong_p", "holm_p", "verdict")
    create_table_artifact(
        [{name: row[name] for name in shown} for row in rows],
        key="auc-table",
        description="AUC of champion (a) and candidate (b) on the same locked patients.",
    )

"""Moving the champion: the intent in the ledger, then the registry's aliases, then in the ledger that it is done.

A crash in between leaves an intent without its end. Whoever comes next completes it, since all that speaks for the move
was checked before the intent was written; or undoes it, where the registry no longer has the version.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from components.errors import GateError, ModelError
from components.promotion._ledger import Ledger, LedgerEntry, LedgerKind
from components.promotion._registry import Alias, Registry
from components.promotion._verdict import Decision, Verdict

_MOVES = (LedgerKind.PROMOTION, LedgerKind.ROLLBACK)


class MoveState(StrEnum):
    """How far a move of the champion has come."""

    BEGUN = "begun"
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, kw_only=True)
class Approval:
    """Who lets a model into service, in which words."""

    approver: str
    words: str

    def __post_init__(self) -> None:
        if not self.approver.strip() or not self.words.strip():
            raise GateError("An approval needs a name and words: --approver NAME --words TEXT.")

    def to_json(self) -> dict[str, str]:
        """For the ledger."""
        return {"approver": self.approver.strip(), "words": self.words.strip()}


class Releases:
    """Which version serves: every change of it is proved, recorded, and whole."""

    def __init__(self, registry: Registry, ledger: Ledger) -> None:
        self._registry, self._ledger = registry, ledger

    def record_verdict(
        self, version: str, verdict: Verdict, *, champion: str | None, facts: Mapping[str, Any], now: datetime
    ) -> None:
        """Writes a verdict into the ledger and beside the version in the registry.

        Args:
            version: that was judged.
            verdict: the gate's.
            champion: the version it was compared with; None for a first model.
            facts: what the verdict rests on, such as the hash of the results.
            now: aware.
        """
        kind = LedgerKind.VERDICT if verdict.promoted else LedgerKind.REFUSAL
        body = {"version": version, "champion": champion, **facts, **verdict.to_json()}
        entry = self._ledger.append(kind, body, now)
        self._registry.record_verdict(version, verdict, ledger_hash=entry.hash)

    def promote(self, version: str | None, *, approval: Approval | None, approval_required: bool, now: datetime) -> str:
        """Makes a version champion that the gate let pass, the one so far `previous`; gives its number.

        Args:
            version: None takes the challenger. Promoting the champion again changes nothing.
            approval: recorded where it is given.
            approval_required: the setting gate.approval.
            now: aware.

        Raises:
            ModelError: no such version.
            GateError: the gate never judged it, refused it, judged it against another champion; it was withdrawn; or
                the approval is missing.
        """
        with self._ledger.alone():
            self._recover(now)
            aliases = self._registry.aliases()
            chosen = version or aliases.get(Alias.CHALLENGER)
            if chosen is None:
                raise ModelError("There is no challenger to promote: name a version.")
            self._registry.model(chosen)
            champion = aliases.get(Alias.CHAMPION)
            if champion == chosen:
                return chosen
            _refuse_unproved(self._ledger.entries(), chosen, champion)
            if approval is None and approval_required:
                raise GateError(
                    f"Version {chosen} passed the gate and waits for approval: "
                    f"`radloop promote {chosen} --approver NAME --words TEXT`."
                )
            if approval is not None:
                self._ledger.append(LedgerKind.APPROVAL, {"version": chosen, **approval.to_json()}, now)
            after = {Alias.CHAMPION: chosen, Alias.PREVIOUS: champion}
            if aliases.get(Alias.CHALLENGER) == chosen:
                after[Alias.CHALLENGER] = None
            self._move(LedgerKind.PROMOTION, chosen, before=aliases, after=after, now=now)
        return chosen

    def roll_back(self, *, now: datetime, withdraw: str | None = None) -> str:
        """Swaps champion and previous, and gives the version that serves now.

        Args:
            now: aware.
            withdraw: why the version that served so far must never serve again; None leaves the way back open.

        Raises:
            ModelError: there is no previous champion.
        """
        with self._ledger.alone():
            self._recover(now)
            aliases = self._registry.aliases()
            champion, previous = aliases.get(Alias.CHAMPION), aliases.get(Alias.PREVIOUS)
            if previous is None or champion is None:
                raise ModelError("This site has no previous champion to go back to.")
            if withdraw is not None:
                self._ledger.append(LedgerKind.WITHDRAWAL, {"version": champion, "words": withdraw}, now)
            back = None if champion in _withdrawn(self._ledger.entries()) else champion
            after = {Alias.CHAMPION: previous, Alias.PREVIOUS: back}
            self._move(LedgerKind.ROLLBACK, previous, before=aliases, after=after, now=now)
        return previous

    def recover(self, now: datetime) -> str | None:
        """Ends a move that a crash broke off; says how, or None where there was none.

        Raises:
            LedgerError: the ledger is not whole, so that nobody knows what was begun.
        """
        with self._ledger.alone():
            return self._recover(now)

    def _move(
        self,
        kind: LedgerKind,
        version: str,
        *,
        before: Mapping[Alias, str],
        after: Mapping[Alias, str | None],
        now: datetime,
    ) -> None:
        body = {
            "state": MoveState.BEGUN.value,
            "version": version,
            "replaced": before.get(Alias.CHAMPION),
            "before": {alias.value: before.get(alias) for alias in after},
            "after": {alias.value: target for alias, target in after.items()},
        }
        begun = self._ledger.append(kind, body, now)
        self._registry.point(after)
        self._end(begun, MoveState.DONE, now)

    def _recover(self, now: datetime) -> str | None:
        begun = _unfinished(self._ledger.entries())
        if begun is None:
            return None
        version = str(begun.body["version"])
        try:
            self._registry.model(version)
        except ModelError:
            before = _aliases(begun.body["before"])
            self._registry.point({alias: None if at == version else at for alias, at in before.items()})
            self._end(begun, MoveState.UNDONE, now, recovered=True)
            return f"the {begun.kind.value} of version {version}, broken off, was undone: the registry has it no more"
        self._registry.point(_aliases(begun.body["after"]))
        self._end(begun, MoveState.DONE, now, recovered=True)
        return f"the {begun.kind.value} of version {version}, broken off, was completed"

    def _end(self, begun: LedgerEntry, state: MoveState, now: datetime, *, recovered: bool = False) -> None:
        body = {"state": state.value, "version": begun.body["version"], "begun": begun.index, "recovered": recovered}
        self._ledger.append(begun.kind, body, now)


def judged_versions(entries: Sequence[LedgerEntry]) -> dict[str, LedgerEntry]:
    """Version → the entry of the last verdict on it."""
    kinds = (LedgerKind.VERDICT, LedgerKind.REFUSAL)
    return {str(entry.body["version"]): entry for entry in entries if entry.kind in kinds and not entry.of_head}


def _refuse_unproved(entries: Sequence[LedgerEntry], version: str, champion: str | None) -> None:
    """GateError unless the ledger says that this version passed against this champion."""
    if version in _withdrawn(entries):
        raise GateError(f"Version {version} was withdrawn from service: it is not promoted again.")
    verdict = judged_versions(entries).get(version)
    if verdict is None:
        raise GateError(f"The gate has not judged version {version}: it is not promoted.")
    if verdict.body["decision"] != Decision.PROMOTE.value:
        raise GateError(f"The gate did not let version {version} pass: it is not promoted. Its report card says why.")
    against = verdict.body["champion"]
    if against != champion:
        judged = "without a champion" if against is None else f"against version {against}"
        raise GateError(
            f"The gate judged version {version} {judged}, and version {champion} is champion now: "
            "run `radloop retrain` for a candidate that is compared with it."
        )


def _withdrawn(entries: Sequence[LedgerEntry]) -> set[str]:
    """The versions that must never serve again."""
    return {str(entry.body["version"]) for entry in entries if entry.kind is LedgerKind.WITHDRAWAL}


def _unfinished(entries: Sequence[LedgerEntry]) -> LedgerEntry | None:
    """The last move, where it was begun and not ended."""
    moves = [entry for entry in entries if entry.kind in _MOVES]
    return moves[-1] if moves and moves[-1].body["state"] == MoveState.BEGUN.value else None


def _aliases(recorded: Mapping[str, Any]) -> dict[Alias, str | None]:
    return {Alias(name): target for name, target in recorded.items()}

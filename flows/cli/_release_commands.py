"""`radloop promote`, `rollback`, `ledger`, `trace` and `evidence`: which model serves, and the proof of it."""

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from components.promotion import Ledger
from components.settings import Settings
from flows._telling import say, tell_at
from flows.cli._common import Common, clear_errors
from flows.cli._trace_table import trace_table

PLAIN = Common()

ledger = App(name="ledger", help="The hash-chained record of looks, verdicts, approvals and promotions.")


def promote(
    version: str | None = None,
    *,
    approver: str | None = None,
    words: str | None = None,
    common: Common = PLAIN,
) -> None:
    """Makes a version champion that the gate let pass; one that it refused is refused here too.

    With the setting gate.approval a named person must approve; name, time and words go into the ledger.

    Parameters
    ----------
    version
        The model version; default: the challenger.
    approver
        Who approves, by name or office.
    words
        Why, in a sentence without any patient's data.
    """
    settings = common.settings()
    with clear_errors():
        from flows._judging import approval_of, promote_version

        chosen = promote_version(version, approval=approval_of(approver, words), settings=settings)
    _answer(common, chosen)


def rollback(*, withdraw: str | None = None, common: Common = PLAIN) -> None:
    """Puts the previous champion back, in one step; the service follows within seconds.

    Parameters
    ----------
    withdraw
        Why the version that serves now must never serve again; without it, another rollback brings it back.
    """
    settings = common.settings()
    with clear_errors():
        from flows._judging import roll_back

        restored = roll_back(settings, withdraw=withdraw)
    _answer(common, restored)


@ledger.command
def verify(
    *,
    known: Annotated[
        tuple[str, ...],
        Parameter(negative=(), help="hash that an earlier verify printed, noted elsewhere; may be given several times"),
    ] = (),
    common: Common = PLAIN,
) -> None:
    """Proves that no entry of the ledger was altered and none is missing, or names the first one that was."""
    settings = common.settings()
    with clear_errors():
        found = Ledger(settings.ledger)
        count = found.verify(known={*known, *_remembered(settings)})
    head = found.entries()[-1].hash if count else None
    common.answer({"entries": count, "whole": True, "head": head})
    if not common.json:
        tell_at(common.console)
        say(f"the ledger is whole: {count} entries" + (f", the last {head}" if head else ""))


@ledger.command
def rotate(
    *,
    approver: str,
    words: str,
    site: Annotated[str | None, Parameter(help="whose locked patients [the setting site]")] = None,
    common: Common = PLAIN,
) -> None:
    """Opens a new round of looks at the locked patients, by a named person's decision.

    The chance that a model which is no better gets through adds up over the rounds; every verdict from now on tells the
    sum. It needs no decision where enough new patients were locked: then a new round begins by itself.

    Parameters
    ----------
    approver
        Who decides, by name or office.
    words
        Why, in a sentence without any patient's data.
    """
    settings = common.settings()
    with clear_errors():
        from flows._judging import rotate as open_round

        open_round(site or settings.site, approver=approver, words=words, settings=settings)
    common.answer({"site": site or settings.site})
    if not common.json:
        tell_at(common.console)
        say(f"a new round of {settings.gate.looks} looks at the locked patients of {site or settings.site} is open")


def trace(model: str | None = None, *, study: str | None = None, common: Common = PLAIN) -> None:
    """Traces a model's probabilities back to snapshot, base models and decisions, of a study to each label event.

    Parameters
    ----------
    model
        Version or alias (champion, challenger, previous); default: the champion.
    study
        Pseudonym of a study: its side and labels in the snapshot, the events behind them, and what the model says.
    """
    settings = common.settings()
    with clear_errors():
        from flows._tracing import trace as traced

        found = traced(model, study, settings)
    common.answer(found)
    if not common.json:
        common.console.print(trace_table(found))


def evidence(model: str | None = None, *, out: Path | None = None, common: Common = PLAIN) -> None:
    """Writes the evidence of a release as a predetermined change control plan asks for it: one HTML page, JSON beside.

    All of it is read from records, each value with its source; what is not on record is named as missing.

    Parameters
    ----------
    model
        Version or alias (champion, challenger, previous); default: the champion.
    out
        The page; default: HOME/evidence/version-N.html.
    """
    settings = common.settings()
    with clear_errors():
        from flows._evidence import evidence as written

        page = written(model, out, settings)
    common.answer({"page": str(page), "json": str(page.with_suffix(".json"))})
    if not common.json:
        tell_at(common.console)
        say(f"evidence: {page}\nfor programs: {page.with_suffix('.json')}")


def _remembered(settings: Settings) -> set[str]:
    """Hashes of verdicts that the registry keeps beside its versions; where there can be none, none is made."""
    made_here = settings.tracking.removeprefix("sqlite:///")
    if made_here != settings.tracking and not Path(made_here).exists():
        return set()
    from flows._modelling import registry

    return registry(settings).ledger_hashes()


def _answer(common: Common, version: str) -> None:
    common.answer({"champion": version})
    if not common.json:
        common.console.print(f"version {version} is champion now")

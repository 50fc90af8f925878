"""`radloop reidentify`, `forget` and `key`: opening identities, for those who may, with the ledger watching."""

import sys
from getpass import getpass
from typing import Annotated, Any

from cyclopts import App, Parameter

from components.errors import ConfigurationError
from flows._forgetting import Traces, forgetting
from flows._identity import checked_pseudonym, key_check
from flows._identity import reidentify as look_up
from flows._identity import rotate as rotate_key
from flows._telling import say, tell_at
from flows.cli._common import Common, clear_errors

PLAIN = Common()

Reason = Annotated[str, Parameter(help="why, for the ledger; give no name or number of the patient")]

_FORGETS = """\
Asks for the Patient ID, which is not shown and lands in no shell history; in a script, pipe it in. From then on
files and reports of this patient are refused, and the patient's pseudonym stays on a list for that. Everything
else goes: studies, images, reports, labels, readings, predictions, embeddings, the side of the split, files in the
store, in quarantine and in the inbox, reading tasks, and the originals in the crosswalk; databases overwrite the space.

Frozen snapshots that hold the patient are put out of use and named, with the models that learnt from them: a
model's weights cannot forget; retrain and promote to replace it. What radloop does not reach: backups, versions
that an object store keeps, PostgreSQL's archived log, copies made by `radloop deidentify`, Label Studio's own
deleted rows, report cards kept in MLflow, and the keyed hashes of received instances (`reception.remember_days`).
"""

forget = App(name="forget", help_epilogue=_FORGETS)
key = App(name="key", help="The key behind all pseudonyms: rotate it, check its copy.")


def reidentify(pseudonym: str, *, reason: Reason, common: Common = PLAIN) -> None:
    """Tells the original behind a pseudonym, after noting in the ledger who asked and why.

    The ledger (HOME/ledger.jsonl, `radloop ledger verify`) keeps the pseudonym, your user name and the reason; the
    original is printed here and kept nowhere.

    Parameters
    ----------
    pseudonym
        Of a patient (P…), an accession (A…), a report (T…), a study, a series or an image (2.25.…).
    """
    settings = common.settings()
    with clear_errors():
        kind, original = look_up(pseudonym, reason=reason, settings=settings)
    common.answer({"pseudonym": pseudonym, "kind": kind, "original": original})
    if not common.json:
        common.console.print(f"{kind}: {original}", markup=False, highlight=False)


@forget.default
def forget_patient(  # noqa: PLR0913  # one option each
    patient: str | None = None,
    *,
    reason: Reason | None = None,
    yes: Annotated[bool, Parameter(negative=())] = False,
    snapshots: Annotated[bool, Parameter(negative=())] = False,
    undo: Annotated[bool, Parameter(negative=())] = False,
    common: Common = PLAIN,
) -> None:
    """Removes every trace of a patient who withdrew consent; without --yes it only shows what would go.

    Parameters
    ----------
    patient
        The patient's pseudonym (P…), instead of the Patient ID. Never put a Patient ID on a command line.
    yes
        Do it.
    snapshots
        Remove the pictures of those snapshots and the report cards beside them too, all patients' in them; their
        hash, settings and counts stay as evidence.
    undo
        Consent was given again: the patient is taken in again when sent again, on the same side of the split.
    """
    settings = common.settings()
    tell_at(common.console)
    if (yes or undo) and not reason:
        raise ConfigurationError("Say why, for the ledger: --reason TEXT.")
    number = None if patient else _asked_patient_id()
    with clear_errors(), forgetting(settings, alone=yes or undo) as work:
        pseudonym = checked_pseudonym(patient) if patient else work.identities.pseudonymiser.patient(number or "")
        if undo:
            work.take_back(pseudonym, reason=reason or "")
            common.answer({"patient": pseudonym, "withdrawn": False})
            say(f"{pseudonym} is taken in again when sent again")
            return
        traces = work.find(pseudonym, patient_id=number)
        if yes:
            traces = work.carry_out(traces, reason=reason or "", snapshots=snapshots)
    common.answer(_document(traces, done=yes, removed=yes and snapshots))
    if not common.json:
        _show(traces, done=yes, removed=yes and snapshots)


@key.command
def rotate(*, reason: Reason, common: Common = PLAIN) -> None:
    """Replaces the key of all pseudonyms; the crosswalk is encrypted anew, and the old key opens it no more.

    Everybody and everything known keeps pseudonym and date shift, so that a patient stays on one side for ever; who
    comes from now on gets a pseudonym by the new key. An image of a known series keeps the series' UID; a reference
    to an image that was never received gets a new one.

    It protects against: an old key that leaked or left with someone opens no crosswalk of today, and tells nothing
    of whom came after. It does not: with the old key, a guess (a Patient ID, an accession number) can still be
    tested against the pseudonyms that it gave, and an old copy of the crosswalk can still be opened. Destroy old
    copies of both.

    No ingest may run meanwhile. Killed at any moment, either key holds, never both. Afterwards copy key and crosswalk
    to wherever copies are kept, and to every machine that takes in with this key.
    """
    settings = common.settings()
    with clear_errors():
        done = rotate_key(reason=reason, settings=settings)
    common.answer({"old": done.old, "new": done.new, "entries": done.entries, "kept": done.kept})
    if not common.json:
        tell_at(common.console)
        say(f"key {done.new} replaces {done.old}: {done.entries} originals encrypted anew, {done.kept} pseudonyms stay")


@key.command
def check(*, common: Common = PLAIN) -> None:
    """Shows the key's fingerprint and proves that it opens the crosswalk: try it on a restored backup.

    The fingerprint tells two copies of a key apart and leads nowhere.
    """
    settings = common.settings()
    with clear_errors():
        found = key_check(settings)
    common.answer(found)
    if not common.json:
        tell_at(common.console)
        kept = f"{found['entries']} originals, {found['rotations']} rotations"
        say(f"key {found['fingerprint']} opens the crosswalk: {kept}")


def _asked_patient_id() -> str:
    typed = getpass("Patient ID (not shown): ") if sys.stdin.isatty() else sys.stdin.readline()
    if not typed.strip():
        raise ConfigurationError("No Patient ID came: type it when asked, pipe it in, or name the pseudonym.")
    return typed.strip()


def _document(traces: Traces, *, done: bool, removed: bool) -> dict[str, Any]:
    return {
        "patient": traces.patient,
        "forgotten": done,
        "counts": traces.counts,
        "snapshots": [
            {"run": snapshot.folder.parent.name, "hash": snapshot.hash, "side": snapshot.side, "removed": removed}
            for snapshot in traces.snapshots
        ],
        "models": [{"version": version, "aliases": aliases} for version, aliases in traces.models],
        "heads": list(traces.heads),
        "report_cards": [card.parent.name for card in traces.cards],
        "shared_files_waiting": traces.shared,
        "reading_tasks_left": list(traces.tasks_left),
    }


def _show(traces: Traces, *, done: bool, removed: bool) -> None:
    say(f"{traces.patient}: " + ("forgotten" if done else "would go"))
    for what, count in traces.counts.items():
        say(f"  {what}: {count}")
    if not traces.counts:
        say("  nothing is kept" + ("; what is sent from now on is refused" if done else ""))
    for snapshot in traces.snapshots:
        fate = "pictures removed" if removed else "out of use, pictures kept: --snapshots removes them"
        say(f"  snapshot of run {snapshot.folder.parent.name} ({snapshot.side} side): {fate}")
    for version, aliases in traces.models:
        say(f"  model version {version}{f' ({aliases})' if aliases else ''} learnt from or was judged on the patient")
    for finding in traces.heads:
        say(f"  the head for {finding} may have learnt from the patient: `radloop fit-head` fits it again without")
    for card in traces.cards:
        fate = "removed" if removed else "may show a picture of the patient: --snapshots removes it"
        say(f"  report card of run {card.parent.name}: {fate}")
    if traces.shared:
        say(
            f"  {traces.shared} waiting files hold other patients too: `radloop ingest` takes those in and removes them"
        )
    if traces.tasks_left:
        numbers = ", ".join(str(number) for number in traces.tasks_left)
        say(f"  Label Studio does not answer: delete its tasks {numbers} there")
    if not done:
        say("nothing was removed: --yes --reason TEXT does it")

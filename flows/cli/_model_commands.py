"""`radloop pretrain`, `retrain`, `compare`, `promote`, `rollback`, `ledger` and `serve`: models and their proof."""

import json
import os
from pathlib import Path

from cyclopts import App

from components.evaluation import compare_files
from components.promotion import Ledger
from components.serving import serve_command
from flows._telling import say, tell_at
from flows.cli._common import Common, clear_errors, prefect_session
from flows.cli._tables import comparison_table

PLAIN = Common()

ledger = App(name="ledger", help="The hash-chained record of looks, verdicts and promotions.")


def pretrain(*, site: str = "published", common: Common = PLAIN) -> None:
    """Trains a first model on a site's catalogued studies and makes it champion where there is none.

    Parameters
    ----------
    site
        Whose studies to learn from, as named at ingest.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.base import base

        common.answer(base(site=site))


def retrain(*, site: str | None = None, common: Common = PLAIN) -> None:
    """Fine-tunes the champion on the hospital's studies, compares both on its locked patients, and judges.

    The candidate replaces the champion only if the gate lets it; the report card says why or why not.

    Parameters
    ----------
    site
        The hospital's name in the catalog; default: the setting `site`.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.retrain import retrain as flow

        result = flow(site=site)
    common.answer(result)
    if not common.json:
        common.console.print(comparison_table(result["comparison"]))
        say(f"[bold]{result['sentence']}[/]\nreport card: {result['report_card']}")


def compare(  # noqa: PLR0913  # one option each
    truth: Path,
    scores_a: Path,
    scores_b: Path,
    *,
    patients: str | None = None,
    out: Path | None = None,
    common: Common = PLAIN,
) -> None:
    """The gate's statistics on any two models' scores: is B better than A?

    Parameters
    ----------
    truth
        CSV: first column the study, then one column a label (1, 0; -1 and empty are not judged).
    scores_a
        CSV of model A's scores, in the same form.
    scores_b
        CSV of model B's scores.
    patients
        Column of the truth that names the patient, where a patient has several studies.
    out
        JSON file to write the figures to.
    """
    settings = common.settings()
    with clear_errors():
        found = compare_files(
            truth, scores_a, scores_b, patients=patients, settings=settings.gate, seed=settings.seed
        ).to_json()
        if out:
            out.write_text(json.dumps(found, indent=1))
    common.answer(found)
    if not common.json:
        common.console.print(comparison_table(found))


def promote(version: str | None = None, *, common: Common = PLAIN) -> None:
    """Makes a version champion that the gate let pass; one that it refused is refused here too.

    Parameters
    ----------
    version
        The model version; default: the challenger.
    """
    settings = common.settings()
    with clear_errors():
        from flows._judging import promote_version

        _answer(common, promote_version(version, settings), "champion")


def rollback(*, common: Common = PLAIN) -> None:
    """Puts the previous champion back, in one step; the service follows within seconds."""
    settings = common.settings()
    with clear_errors():
        from flows._judging import roll_back

        _answer(common, roll_back(settings), "champion")


def serve(*, common: Common = PLAIN) -> None:
    """Runs the service here until it is stopped: POST a DICOM file to /predict with the bearer token."""
    settings = common.settings()
    argv, environment = serve_command(settings)
    os.execve(argv[0], argv, environment)  # noqa: S606  # this process becomes the service


@ledger.command
def verify(*, common: Common = PLAIN) -> None:
    """Proves that no entry of the ledger was altered, or names the first one that was."""
    settings = common.settings()
    count = Ledger(settings.ledger).verify()
    common.answer({"entries": count, "whole": True})
    if not common.json:
        tell_at(common.console)
        say(f"the ledger is whole: {count} entries")


def _answer(common: Common, version: str, what: str) -> None:
    common.answer({what: version})
    if not common.json:
        common.console.print(f"version {version} is {what} now")

"""`radloop pretrain`, `retrain`, `compare` and `serve`: models, judged and in service."""

import json
import os
from pathlib import Path
from typing import Any, Literal

from components.errors import StorageError
from components.evaluation import compare_files, details
from components.serving import serve_command
from flows._telling import say
from flows.cli._common import Common, clear_errors, prefect_session
from flows.cli._evidence_tables import groups_table, readers_table
from flows.cli._tables import comparison_table

PLAIN = Common()


def pretrain(
    *, site: str = "published", method: Literal["supervised", "supcon"] = "supervised", common: Common = PLAIN
) -> None:
    """Trains a first model on a site's catalogued studies and makes it champion where there is none.

    Parameters
    ----------
    site
        Whose studies to learn from, as named at ingest.
    method
        supervised: from the labels of the 14 findings; supcon: first to tell abnormal from normal by contrast, then
        heads on that, or all weights, whichever the validation patients find better (`training.strategies`).
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows._fitting import Method
        from flows.base import base

        common.answer(base(site=site, method=Method(method)))


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
    groups: tuple[str, ...] = (),
    readers: tuple[Path, ...] = (),
    out: Path | None = None,
    more: Path | None = None,
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
    groups
        Columns of the truth to compare within as well: sex, age_band, view, manufacturer, label_source, patient_class.
    readers
        CSV files of people's yes (1) and no (0), one a reader, in the same form: is B no worse than they are?
    out
        JSON file to write the figures to.
    more
        JSON file for what else was found: AUPRC, non-inferiority, calibration, groups, readers.
    """
    settings = common.settings()
    with clear_errors():
        comparison = compare_files(
            truth,
            scores_a,
            scores_b,
            patients=patients,
            groups=groups,
            readers=readers,
            settings=settings.gate,
            seed=settings.seed,
        )
        found = comparison.to_json()
        for file, figures in ((out, found), (more, details(comparison))):
            if file:
                _write(file, figures)
    common.answer(found)
    if not common.json:
        for table in (comparison_table(found), groups_table(comparison), readers_table(comparison)):
            if table.row_count:
                common.console.print(table)


def _write(file: Path, figures: dict[str, Any]) -> None:
    try:
        file.write_text(json.dumps(figures, indent=1, allow_nan=False))
    except OSError as error:
        raise StorageError(f"The figures cannot be written: {error.strerror}.") from None


def serve(*, common: Common = PLAIN) -> None:
    """Runs the service here until it is stopped: POST a DICOM file to /predict with the bearer token."""
    settings = common.settings()
    argv, environment = serve_command(settings)
    os.execve(argv[0], argv, environment)  # noqa: S606  # this process becomes the service

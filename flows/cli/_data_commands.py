"""`radloop simulate`, `ingest`, `deidentify` and `label`: studies and reports in."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import SecretStr

from components.deidentify import Pseudonymiser, load_or_create_key
from components.intake import deidentify_folder
from components.labeler import label_csv
from components.simulator import write_hospital, write_hospital_from
from flows._telling import progress, say, tell_at
from flows.cli._common import Common, clear_errors, prefect_session

PLAIN = Common()


def simulate(  # noqa: PLR0913  # one option each
    out: Path,
    *,
    studies: int = 200,
    seed: int = 0,
    site: Literal["published", "local"] = "local",
    source: Annotated[Path | None, Parameter(name="--from")] = None,
    view: Literal["PA", "AP"] | None = None,
    common: Common = PLAIN,
) -> None:
    """Writes an invented hospital's export: DICOM files, reports as HL7 and CSV, and the truth beside them.

    Parameters
    ----------
    out
        Folder to write; it must be new or empty.
    studies
        How many studies; a patient has one to three.
    seed
        The same seed writes the same bytes.
    site
        Which of the two sites' look the drawn pictures have.
    source
        A table of real pictures and reports to wrap in invented headers instead of drawing (columns as in
        the README).
    view
        With --from: only the rows of this view.
    """
    tell_at(common.console)
    with clear_errors(), progress("writing studies", "simulate") as report:
        if source:
            written = write_hospital_from(source, out, view=view, limit=studies, seed=seed, site=site, progress=report)
        else:
            written = write_hospital(out, studies=studies, seed=seed, site=site, progress=report)
    common.answer(asdict(written))
    if not common.json:
        say(f"{written.studies} studies of {written.patients} patients, {written.images} images, in {out}")


def ingest(*sources: Path, reports: tuple[Path, ...] = (), site: str | None = None, common: Common = PLAIN) -> None:
    """Takes studies and reports in: de-identified, labelled, checked, catalogued; the refused lie in quarantine.

    The same source twice adds nothing. Answers with what became of each file and message.

    Parameters
    ----------
    sources
        Folders or files: DICOM, HL7 v2 ORU^R01 messages (.hl7), report tables (.csv). Default: HOME/inbox.
    reports
        Further report files.
    site
        The hospital's name in the catalog.
    """
    settings = common.settings()
    with prefect_session(settings, common):
        from flows.ingest import ingest as flow

        result = flow(_secret(sources), _secret(reports), site)
    common.answer(result)
    if not common.json and result["quarantined"]:
        for reason, count in result["quarantined"].items():
            say(f"  in quarantine, {reason}: {count}")


def _secret(paths: Sequence[Path]) -> list[SecretStr]:
    return [SecretStr(str(path.absolute())) for path in paths]


def deidentify(source: Path, out: Path, *, common: Common = PLAIN) -> None:
    """De-identified copies of a folder of DICOM files, and what was done to each.

    Parameters
    ----------
    source
        Folder of DICOM files.
    out
        Folder for the copies and their record, deidentified.csv.
    """
    settings = common.settings()
    tell_at(common.console)
    with clear_errors(), progress("de-identifying", "deidentify") as report:
        done = deidentify_folder(
            source,
            out,
            pseudonymiser=Pseudonymiser(
                load_or_create_key(settings.pseudonym_key), max_shift_days=settings.deidentify.max_shift_days
            ),
            settings=settings.deidentify,
            progress=report,
        )
    common.answer(asdict(done))
    if not common.json:
        say(f"{done.written} written, {done.refused} refused, in {out}")


def label(reports: Path, *, out: Path, common: Common = PLAIN) -> None:
    """Reads the 14 findings out of reports.

    Parameters
    ----------
    reports
        CSV with `report_id`, and `findings` and `impression` or `report`. `indication` is never labelled.
    out
        CSV to write: `report_id` and the 14 findings, 1 present, 0 absent, -1 uncertain, empty unmentioned.
    """
    tell_at(common.console)
    with clear_errors(), progress("reading reports", "label") as report:
        count = label_csv(reports, out, progress=report)
    common.answer({"reports": count})
    if not common.json:
        say(f"{count} reports read, labels in {out}")

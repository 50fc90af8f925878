"""`radloop simulate`, `ingest` and `deidentify`: studies and reports in."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter
from pydantic import SecretStr

from components.deidentify import open_identities
from components.errors import ConfigurationError
from components.intake import deidentify_folder
from components.settings import Settings
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


def ingest(*sources: str, reports: tuple[Path, ...] = (), site: str | None = None, common: Common = PLAIN) -> None:
    """Takes studies and reports in: de-identified, labelled, checked, catalogued; the refused lie in quarantine.

    The same source twice adds nothing. Answers with what became of each file and message.

    Parameters
    ----------
    sources
        Folders, zip files or files: DICOM images and structured reports, HL7 v2 results, FHIR DiagnosticReports,
        tables of reports. Or an archive's DICOMweb address: its new studies of the last days (`archive.days`) are
        fetched into the inbox first, as by `radloop fetch`. Default: HOME/inbox, which is empty afterwards.
    reports
        Further report files. A table (CSV) has a row a report, with the columns report_id or accession, patient_id,
        and report (or findings and impression); where there are such, date, status, issued, patient_class as well.
    site
        The hospital's name in the catalog.
    """
    archive, folders = _parted(sources)
    settings = _with_archive(archive, common)
    with prefect_session(settings, common):
        from flows.fetch import fetch
        from flows.ingest import ingest as flow

        if archive:
            fetch()
            folders = [*folders, settings.inbox]
        result = flow(_secret(folders), _secret(reports), site)
    common.answer(result)
    if not common.json and result["quarantined"]:
        for reason, count in result["quarantined"].items():
            say(f"  in quarantine, {reason}: {count}")


def _parted(sources: Sequence[str]) -> tuple[str | None, list[Path]]:
    """The archive's address among the sources, if any, and the paths."""
    addresses = [source for source in sources if source.startswith(("http://", "https://"))]
    if len(addresses) > 1:
        raise ConfigurationError("One archive at a time: give one DICOMweb address.")
    return next(iter(addresses), None), [Path(source) for source in sources if source not in addresses]


def _with_archive(address: str | None, common: Common) -> Settings:
    """The settings, with this archive in them; another one's credentials are not sent to it."""
    settings = common.settings()
    if address is None or settings.archive.url == address:
        return settings
    if settings.archive.known:
        raise ConfigurationError("HOME/radloop.toml names another archive under [archive]: change it there.")
    os.environ["RADLOOP_ARCHIVE__URL"] = address  # flows read their settings themselves
    return common.settings()


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
    with clear_errors(), open_identities(settings) as identities, progress("de-identifying", "deidentify") as report:
        done = deidentify_folder(
            source,
            out,
            pseudonymiser=identities.pseudonymiser,
            settings=settings.deidentify,
            workers=settings.intake.workers,
            progress=report,
        )
    common.answer(asdict(done))
    if not common.json:
        say(f"{done.written} written, {done.refused} refused, in {out}")

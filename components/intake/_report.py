"""One report from its originals to what is stored of it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from components.catalog import ReportRecord
from components.deidentify import Pseudonymiser, days_back, deidentify_text
from components.intake._message import ReportMessage
from components.settings import DeidentifySettings


@dataclass(frozen=True, kw_only=True)
class PreparedReport:
    """The record of one version of a report, and what leads back to it (not in repr)."""

    record: ReportRecord
    version: str
    originals: tuple[tuple[str, str, str], ...] = field(repr=False)


def report_pseudonym(message: ReportMessage, pseudonymiser: Pseudonymiser) -> str:
    """The report's pseudonym: by accession number, so that one report by two routes is one; else by its own number."""
    return pseudonymiser.report(message.accession or f"number {message.report_id}")


def version_of(message: ReportMessage, pseudonymiser: Pseudonymiser, site: str) -> str:
    """What tells this version from others: the same for the same status and text, whatever names are known."""
    sections = message.sections
    key = message.accession or message.report_id
    return pseudonymiser.version(site, message.patient_id, key, message.status, sections.findings, sections.impression)


def prepare_report(  # noqa: PLR0913 – all of it is needed, and named
    message: ReportMessage,
    pseudonymiser: Pseudonymiser,
    settings: DeidentifySettings,
    *,
    site: str,
    now: datetime,
    names: Collection[str],
    identifiers: Collection[str],
) -> PreparedReport:
    """The de-identified record; `names` and `identifiers` are those of the study's headers, beside the message's."""
    patient = pseudonymiser.patient(message.patient_id)
    accession = pseudonymiser.accession(message.accession) if message.accession else None
    report = report_pseudonym(message, pseudonymiser)
    all_names, all_identifiers = message.names.union(names), message.identifiers.union(identifiers)
    findings, impression = (
        deidentify_text(text, names=all_names, identifiers=all_identifiers)
        for text in (message.sections.findings, message.sections.impression)
    )
    days = days_back(patient, pseudonymiser, settings)
    shift = None if days is None else timedelta(days=days)
    record = ReportRecord(
        report=report,
        patient=patient,
        accession=accession,
        study=None,
        site=site,
        date=message.day - shift if message.day and shift is not None else None,
        time=message.clock if shift is not None else None,
        status=message.status,
        findings=findings,
        impression=impression,
        # Beside shifted dates, the true time would tell by how much.
        received=now - (timedelta(days=pseudonymiser.shift_days(patient)) if shift is None else shift),
        issued=message.issued - shift if message.issued and shift is not None else None,
        patient_class=message.patient_class,
    )
    originals = [("patient", message.patient_id, patient), ("report", message.report_id, report)]
    if accession:
        originals.append(("accession", message.accession, accession))
    return PreparedReport(record=record, version=version_of(message, pseudonymiser, site), originals=tuple(originals))

"""One report as it came, whatever the route: what every kind of report source has to fill."""

from dataclasses import dataclass, field
from datetime import date

from components.catalog import ReportStatus
from components.intake._reason import Reason, refused
from components.labeler import Sections

_STATUSES = {
    "f": ReportStatus.FINAL, "final": ReportStatus.FINAL, "": ReportStatus.FINAL, "signed": ReportStatus.FINAL,
    "p": ReportStatus.PRELIMINARY, "preliminary": ReportStatus.PRELIMINARY, "prelim": ReportStatus.PRELIMINARY,
    "r": ReportStatus.PRELIMINARY, "i": ReportStatus.PRELIMINARY, "s": ReportStatus.PRELIMINARY,
    "a": ReportStatus.PRELIMINARY, "partial": ReportStatus.PRELIMINARY, "draft": ReportStatus.PRELIMINARY,
    "c": ReportStatus.CORRECTED, "corrected": ReportStatus.CORRECTED, "amended": ReportStatus.CORRECTED,
    "addendum": ReportStatus.CORRECTED,
    "x": ReportStatus.WITHDRAWN, "d": ReportStatus.WITHDRAWN, "w": ReportStatus.WITHDRAWN,
    "withdrawn": ReportStatus.WITHDRAWN, "cancelled": ReportStatus.WITHDRAWN, "deleted": ReportStatus.WITHDRAWN,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ReportMessage:
    """One version of one report with its originals; nothing of it shows in repr."""

    report_id: str = field(repr=False)
    accession: str = field(repr=False)
    patient_id: str = field(repr=False)
    day: date | None = field(repr=False)
    status: ReportStatus
    sections: Sections = field(repr=False)
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)

    def __post_init__(self) -> None:
        if not self.patient_id:
            raise refused(Reason.BAD_REPORT, "The report names no patient (no patient ID).")
        if not (self.accession or self.report_id):
            raise refused(Reason.BAD_REPORT, "The report has neither an accession nor a report number.")
        empty = not (self.sections.findings or self.sections.impression)
        if empty and self.status is not ReportStatus.WITHDRAWN:
            raise refused(Reason.BAD_REPORT, "The report holds no text.")


def status_of(text: str) -> ReportStatus:
    """The status by HL7's letter (OBR-25, table 0123) or a word; RefusedInputError for any other."""
    status = _STATUSES.get(text.strip().casefold())
    if status is None:
        raise refused(
            Reason.BAD_REPORT, "The status of the report is none of preliminary, final, corrected, withdrawn."
        )
    return status

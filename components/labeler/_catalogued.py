"""The catalog's reports read: each version of a report once by each version of the labeller."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from components.catalog import Catalog, LabelEvent, LabelSource
from components.findings import FINDINGS
from components.labeler._labeling import LABELER_VERSION, label_report

_AT_ONCE = 200


class _Report(NamedTuple):
    report: str
    study: str
    findings: str
    impression: str

    @property
    def reading(self) -> str:
        """Names one reading: this labeller, this study's report, this text of it."""
        text = hashlib.sha256(f"{self.findings}\n{self.impression}".encode()).hexdigest()[:16]
        return f"labeler:{LABELER_VERSION}:{self.study}:{self.report}:{text}"


def label_reports(
    catalog: Catalog, *, site: str, now: datetime, progress: Callable[[int, int], None] | None = None
) -> int:
    """Appends label events for the reports that count and that this version has not read; how many events.

    All 14 findings of a report are stated, the unmentioned ones too, so that a corrected report takes back what
    its earlier version said.

    Args:
        catalog: where reports are read and events appended.
        site: whose reports.
        now: aware, UTC; the events' time.
        progress: called with (reports done, reports in all).
    """
    reports = catalog.reports(site)
    due = reports.loc[reports["current"] & reports["study"].notna(), list(_Report._fields)]
    read = {key.rsplit(":", 1)[0] for key in catalog.label_events(site)["key"]}
    unread = [report for row in due.itertuples(index=False) if (report := _Report(*row)).reading not in read]
    added = 0
    for start in range(0, len(unread), _AT_ONCE):
        batch = unread[start : start + _AT_ONCE]
        added += catalog.append_label_events([event for report in batch for event in _events(report, now)])
        if progress is not None:
            progress(start + len(batch), len(unread))
    return added


def _events(report: _Report, now: datetime) -> list[LabelEvent]:
    said = label_report(report.findings, report.impression)
    return [
        LabelEvent(
            study=report.study,
            finding=finding,
            assertion=said[finding],
            source=LabelSource.LABELER,
            author=LABELER_VERSION,
            at=now,
            key=f"{report.reading}:{finding}",
        )
        for finding in FINDINGS
    ]

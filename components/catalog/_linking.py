"""Giving waiting reports the study that has come since."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, select, update

from components.catalog import _tables as t
from components.catalog._matching import Candidate, Waiting, match


@dataclass
class _Known:
    """What the catalog holds of the patients whose reports wait."""

    studies: dict[tuple[str, str], list[Row[Any]]] = field(default_factory=lambda: defaultdict(list))
    """(site, patient) → studies."""
    linked: dict[tuple[str, str], str] = field(default_factory=dict)
    """(site, report) → study, so that all versions of a report stay together."""
    taken: set[str] = field(default_factory=set)
    """Studies that have a report."""


def link_reports(connection: Connection) -> int:
    """Links reports without a study where their study is known by now; how many were linked."""
    r = t.reports.c
    fields = (r.entry, r.report, r.patient, r.site, r.accession, r.date)
    waiting = connection.execute(select(*fields).where(r.study.is_(None)).order_by(r.entry)).all()
    known = _known(connection) if waiting else _Known()
    count = 0
    for report in waiting:
        study = known.linked.get((report.site, report.report)) or _matched(report, known)
        if study is None:
            continue
        connection.execute(update(t.reports).where(r.entry == report.entry).values(study=study))
        known.linked[report.site, report.report] = study
        known.taken.add(study)
        count += 1
    return count


def _known(connection: Connection) -> _Known:
    r, s = t.reports.c, t.studies.c
    patients = select(r.patient).where(r.study.is_(None))
    known = _Known()
    found: list[Any] = list(
        connection.execute(select(s.study, s.patient, s.site, s.accession, s.date).where(s.patient.in_(patients)))
    )
    for study in found:
        known.studies[study.site, study.patient].append(study)
    links = select(r.site, r.report, r.study).where(r.study.is_not(None), r.patient.in_(patients))
    for site, report, linked in connection.execute(links):
        known.linked[site, report] = linked
        known.taken.add(linked)
    return known


def _matched(report: Any, known: _Known) -> str | None:
    candidates = [
        Candidate(study.study, study.accession, study.date, taken=study.study in known.taken)
        for study in known.studies.get((report.site, report.patient), [])
    ]
    return match(Waiting(report.accession, report.date), candidates)

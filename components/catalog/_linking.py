"""Giving reports their studies as both come, in whatever order."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, time
from typing import Any

from sqlalchemy import Connection, Select, bindparam, exists, or_, select, update

from components.catalog import _tables as t
from components.catalog._batches import one_at_a_time
from components.catalog._matching import Dated, match


def link_reports(connection: Connection) -> int:
    """Gives every report that study which all that is known by now speaks for; how many versions were newly linked.

    A link by time is judged anew each time: a study that comes later can be the report's own, or make it doubtful.
    """
    one_at_a_time(connection)  # links made between the two readings below would look as if their studies were gone
    r, s = t.reports.c, t.studies.c
    versions: dict[Any, list[Any]] = defaultdict(list)
    of_report = (r.site, r.patient, r.entry, r.report, r.accession, r.date, r.time, r.study)
    for version in connection.execute(select(*of_report).where(r.patient.in_(_unsettled())).order_by(r.entry)):
        versions[version.site, version.patient].append(version)
    studies: dict[Any, list[Dated]] = defaultdict(list)
    of_study = (s.site, s.patient, s.study, s.accession, s.date, s.time)
    for site, patient, *known in connection.execute(select(*of_study).where(s.patient.in_(_unsettled()))):
        studies[site, patient].append(Dated(*known))
    changes = [change for place, some in versions.items() for change in _changes(some, studies[place])]
    if changes:
        statement = update(t.reports).where(r.entry == bindparam("of_entry")).values(study=bindparam("new_study"))
        # In one order, so that two programs that link at once do not wait for each other.
        connection.execute(statement, [{"of_entry": entry, "new_study": study} for entry, study in sorted(changes)])
    return sum(1 for _, study in changes if study)


def _unsettled() -> Select[tuple[str]]:
    """Patients with a report that waits, or whose study is not the only one with its accession number."""
    r, s, other = t.reports.c, t.studies.c, t.studies.alias().c
    shared = exists().where(other.patient == s.patient, other.accession == s.accession, other.study != s.study)
    by_time = or_(s.accession.is_(None), r.accession.is_(None), s.accession != r.accession)
    joined = t.reports.join(t.studies, s.study == r.study, isouter=True)
    return select(r.patient).select_from(joined).where(or_(r.study.is_(None), by_time, shared))


def _changes(versions: Sequence[Any], studies: Sequence[Dated]) -> list[tuple[int, str | None]]:
    """(entry, study) of the versions whose study is another now, None where it is none any more."""
    links = match(_reports(versions), studies)
    wanted = [(version, links.get(version.report)) for version in versions]
    return [(version.entry, study) for version, study in wanted if study != version.study]


def _reports(versions: Sequence[Any]) -> list[Dated]:
    """One a report: all its versions go to one study. The earliest time that they name is the examination's."""
    first: dict[str, Any] = {}
    for version in sorted(versions, key=_when):
        first.setdefault(version.report, version)
    return [Dated(one.report, one.accession, one.date, one.time) for one in first.values()]


def _when(version: Any) -> tuple[date, time, int]:
    return version.date or date.max, version.time or time.max, version.entry

"""Which study each report of one patient belongs to: a function of what is known, not of the order it came in."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time

NEAREST_DAYS = 7
"""Without a common accession number, a report is at most this many days later than its study."""
_DAYS_BEFORE = 1  # and at most this many earlier: clocks and time zones differ


@dataclass(frozen=True)
class Dated:
    """A report or a study of one patient at one site, by its pseudonym."""

    key: str
    accession: str | None
    date: date | None
    time: time | None


def match(reports: Collection[Dated], studies: Collection[Dated]) -> dict[str, str]:
    """Report → study, of those reports whose study is certain.

    By accession number; of several studies with one, the nearest in time. Two different numbers never match. Where
    one of the two has no number, by time: on the same day each other's nearest; on other days only where neither the
    report nor the study has a rival. What is not certain goes on waiting: a wrong link makes a wrong label, a
    waiting report makes none.
    """
    links: dict[str, str] = {}
    for report in reports:
        same = [study for study in studies if report.accession and study.accession == report.accession]
        if same:
            links[report.key] = min(same, key=lambda study: (_distance(report, study), study.key)).key
    taken = set(links.values())
    waiting = [report for report in reports if report.key not in links]
    free = [study for study in studies if study.key not in taken]
    while pairs := dict(_nearest_pairs(waiting, free)):
        links |= pairs
        waiting = [report for report in waiting if report.key not in links]
        free = [study for study in free if study.key not in pairs.values()]
    return links | dict(_lonely_pairs(reports, studies, links))


def _nearest_pairs(reports: Collection[Dated], studies: Collection[Dated]) -> Iterator[tuple[str, str]]:
    """Report and study of one day, each the other's nearest."""
    study_of = {report.key: _nearest(report, studies) for report in reports}
    report_of = {study.key: _nearest(study, reports) for study in studies}
    return ((report, study) for report, study in study_of.items() if study and report_of[study] == report)


def _nearest(one: Dated, others: Collection[Dated]) -> str | None:
    """Of those of the same day the one nearest in time; None where that is not one alone."""
    same_day = [other for other in others if one.date and other.date == one.date and _may_match(one, other)]
    if len(same_day) > 1 and (one.time is None or any(other.time is None for other in same_day)):
        return None
    near = sorted((_distance(one, other), other.key) for other in same_day)
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


def _lonely_pairs(
    reports: Collection[Dated], studies: Collection[Dated], links: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    """Report and study that have only each other within the days allowed."""
    taken = set(links.values())
    for report in reports:
        near = [study for study in studies if _within_days(report, study)]
        if report.key in links or len(near) != 1 or near[0].key in taken or not _may_match(report, near[0]):
            continue
        if sum(1 for other in reports if _within_days(other, near[0])) == 1:
            yield report.key, near[0].key


def _may_match(one: Dated, other: Dated) -> bool:
    return not (one.accession and other.accession)


def _within_days(report: Dated, study: Dated) -> bool:
    if report.date is None or study.date is None:
        return False
    return -_DAYS_BEFORE <= (report.date - study.date).days <= NEAREST_DAYS


def _distance(one: Dated, other: Dated) -> float:
    """Seconds between the two; whole days where a time of day is missing, endless where a day is."""
    if one.date is None or other.date is None:
        return float("inf")
    if one.time is None or other.time is None:
        return abs((one.date - other.date).total_seconds())
    return abs((datetime.combine(one.date, one.time) - datetime.combine(other.date, other.time)).total_seconds())

"""Which study a waiting report belongs to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

NEAREST_DAYS = 7
"""Without a common accession number, a report belongs to a study at most this many days away."""


@dataclass(frozen=True)
class Waiting:
    """What is known of a report whose study is not."""

    accession: str | None
    date: date | None


@dataclass(frozen=True)
class Candidate:
    """A study of the same patient at the same site; `taken` says another report is linked to it."""

    study: str
    accession: str | None
    date: date | None
    taken: bool


def match(report: Waiting, candidates: Sequence[Candidate]) -> str | None:
    """The study with the report's accession number, else the nearest by date; None where that is not certain.

    Two different accession numbers never match by date: the report's own images may still come. Of two studies
    equally near, neither is taken: a wrong link makes a wrong label, a waiting report makes none.
    """
    same = [study for study in candidates if report.accession and study.accession == report.accession]
    if same:
        return min(same, key=lambda study: (_days(report, study), study.study)).study
    near = [
        (_days(report, study), study.study)
        for study in candidates
        if not study.taken and not (report.accession and study.accession) and _days(report, study) <= NEAREST_DAYS
    ]
    near.sort()
    if not near or (len(near) > 1 and near[0][0] == near[1][0]):
        return None
    return near[0][1]


def _days(report: Waiting, study: Candidate) -> float:
    if report.date is None or study.date is None:
        return float("inf")
    return abs((report.date - study.date).days)

"""How the reading queue stands: what waits, what was read, by whom, and how far readers agree."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from components.labels import contested, words_of_readers
from components.relabeling._agreement import agreement


@dataclass(frozen=True, kw_only=True)
class QueueState:
    """Counts of studies.

    `waiting` lie in the reading project for a first or a further reader, `unread` of them for the first; `read_once`
    and `read_twice` (or more) were read, wherever; `disagreeing` of those have a finding that no majority and no
    adjudicator has settled. `readers` is pseudonym → studies read. `not_readable` and `wrong_view` by anybody's word.
    """

    waiting: int
    unread: int
    read_once: int
    read_twice: int
    disagreeing: int
    not_readable: int
    wrong_view: int
    readers: Mapping[str, int]
    agreement: pd.DataFrame

    def rows(self) -> list[dict[str, Any]]:
        """What and how many, for a table."""
        counted = [
            {"what": "waiting for a reader", "studies": self.waiting},
            {"what": "of these not read by anybody", "studies": self.unread},
            {"what": "read once", "studies": self.read_once},
            {"what": "read twice or more", "studies": self.read_twice},
            {"what": "of these disagreeing", "studies": self.disagreeing},
            {"what": "called not readable", "studies": self.not_readable},
            {"what": "called a wrong view", "studies": self.wrong_view},
        ]
        return counted + [{"what": f"read by {name}", "studies": count} for name, count in self.readers.items()]

    def to_json(self) -> dict[str, Any]:
        """The counts and, for each finding, the agreement; undefined figures are null."""
        counts = {name: value for name, value in vars(self).items() if name != "agreement"}
        figures = self.agreement.astype(object).where(self.agreement.notna(), None)
        return counts | {"readers": dict(self.readers), "agreement": figures.to_dict(orient="index")}


def queue_state(*, waiting: Collection[str], events: pd.DataFrame, readings: pd.DataFrame) -> QueueState:
    """The state of the queue.

    Args:
        waiting: studies that lie open in the reading project.
        events: the catalog's label events.
        readings: the catalog's readings.
    """
    forms = readings.drop_duplicates(["study", "author"], keep="last")
    forms = forms[~forms["withdrawn"]]
    words = words_of_readers(events)
    pairs = pd.concat([words[["study", "author"]], forms[["study", "author"]]]).drop_duplicates()
    readers_of = pairs.groupby("study").size()
    return QueueState(
        waiting=len(set(waiting)),
        unread=len(set(waiting) - set(readers_of.index)),
        read_once=int((readers_of == 1).sum()),
        read_twice=int((readers_of > 1).sum()),
        disagreeing=contested(events)["study"].nunique(),
        not_readable=forms.loc[~forms["readable"], "study"].nunique(),
        wrong_view=forms.loc[forms["wrong_view"], "study"].nunique(),
        readers={str(name): int(count) for name, count in pairs.groupby("author").size().items()},
        agreement=agreement(words),
    )

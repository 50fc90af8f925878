"""The label that holds now, derived from every event that people and the labeller ever appended.

The consensus of several readers stands over a single reader, a reader over the labeller. A reader's latest
event on a finding is that reader's word; a reader who says nothing of a finding leaves it to the others.
"""

import pandas as pd

from components.errors import DataQualityError
from components.labels._codes import CODES, COLUMNS, UNCERTAIN, UNMENTIONED

_COLUMNS = ["study", "finding", "assertion", "source", "author", "at"]
_READER, _LABELER, _CONSENSUS = "reader", "labeler", "consensus"


def current_labels(events: pd.DataFrame) -> pd.DataFrame:
    """The codes that hold now: index `study` (sorted), 14 columns of int8 (1, 0, -1, -2 unmentioned).

    `events` has the columns study, finding, assertion, source ("labeler" or "reader"), author and at.
    Several readers decide by majority; without one, the finding is uncertain.
    """
    ordered = _in_time(events)
    labelled = ordered[ordered["source"] == _LABELER].drop_duplicates(["study", "finding"], keep="last")
    codes = _wide(labelled.set_index(["study", "finding"])["code"], ordered)
    words = _words_of_readers(ordered)
    if len(words):
        read = _wide(_majority(words), ordered)
        codes = codes.where(read == UNMENTIONED, read)
    return codes.astype("int8")


def label_sources(events: pd.DataFrame) -> pd.Series:
    """Whose word each study's labels are: index `study`, values "consensus", "reader" or "labeler".

    "consensus" where two or more readers stated one finding, "reader" where a reader stated any.
    """
    ordered = _in_time(events)
    sources = pd.Series(_LABELER, index=_studies(ordered), name="source", dtype=object)
    words = _words_of_readers(ordered)
    if len(words):
        readers = words.groupby(["study", "finding"]).size().groupby("study").max()
        sources.loc[readers.index] = _READER
        sources.loc[readers.index[readers > 1]] = _CONSENSUS
    return sources.astype("str")


def _in_time(events: pd.DataFrame) -> pd.DataFrame:
    """The events from old to new with their codes; those of one moment stay in the order given."""
    missing = [column for column in _COLUMNS if column not in events.columns]
    if missing:
        raise DataQualityError(f"The label events lack the column {missing[0]!r}.")
    ordered = events[_COLUMNS].astype({"finding": "str", "assertion": "str", "source": "str"})
    ordered["at"] = pd.to_datetime(ordered["at"], utc=True)
    ordered["code"] = ordered["assertion"].map({assertion.value: code for assertion, code in CODES.items()})
    known = ordered["code"].notna() & ordered["finding"].isin(COLUMNS) & ordered["source"].isin([_READER, _LABELER])
    if not known.all():
        raise DataQualityError(
            f"{int((~known).sum())} label events have an unknown finding, assertion or source; "
            "they were written by another version."
        )
    return ordered.astype({"code": "int8"}).sort_values("at", kind="stable")


def _words_of_readers(ordered: pd.DataFrame) -> pd.DataFrame:
    """Each reader's latest word on each finding, without those who took theirs back."""
    read = ordered[ordered["source"] == _READER].drop_duplicates(["study", "finding", "author"], keep="last")
    return read[read["code"] != UNMENTIONED]


def _majority(words: pd.DataFrame) -> pd.Series:
    """The code that most readers gave, by (study, finding); uncertain where two codes tie."""
    votes = words.groupby(["study", "finding", "code"]).size().unstack("code", fill_value=0)
    most = votes.max(axis=1)
    tied = votes.eq(most, axis=0).sum(axis=1) > 1
    return votes.idxmax(axis=1).where(~tied, UNCERTAIN).astype("int8")


def _studies(ordered: pd.DataFrame) -> pd.Index:
    return pd.Index(sorted(ordered["study"].unique()), name="study")


def _wide(codes: pd.Series, ordered: pd.DataFrame) -> pd.DataFrame:
    """Codes by (study, finding) as one row a study, 14 columns; what nobody spoke of is unmentioned."""
    table = codes.unstack("finding") if len(codes) else pd.DataFrame()
    table = table.reindex(index=_studies(ordered), columns=pd.Index(COLUMNS))
    return table.astype("Int8").fillna(UNMENTIONED).astype("int8")

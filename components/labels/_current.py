"""The label that holds now, derived from every event that people and the labeller ever appended.

An adjudicator's word stands over the consensus of several readers, that over a single reader, a reader over the
labeller. A reader's latest event on a finding is that reader's word; a reader who says nothing of a finding leaves it
to the others. A published dataset speaks of the findings that it labels, and of no others.
"""

import pandas as pd

from components.errors import DataQualityError
from components.findings import labelled_by
from components.labels._codes import CODES, COLUMNS, UNCERTAIN, UNLABELLED, UNMENTIONED

_COLUMNS = ["study", "finding", "assertion", "source", "author", "at"]
_READER, _ADJUDICATOR, _LABELER, _CONSENSUS = "reader", "adjudicator", "labeler", "consensus"
_PEOPLE = [_READER, _ADJUDICATOR]
_HALF = 0.5


def current_labels(events: pd.DataFrame) -> pd.DataFrame:
    """The codes that hold now: index `study` (sorted), 14 columns of int8 (1, 0, -1, -2 unmentioned, -3 unlabelled).

    `events` has the columns study, finding, assertion, source ("labeler", "reader" or "adjudicator"), author and at.
    Several readers decide by majority; without one, the finding is uncertain. Where an adjudicator spoke, that word
    decides; of several adjudicators' the latest. What nobody stated is unmentioned; where a study's labels are a
    published dataset's alone, what that dataset does not label is unlabelled.
    """
    ordered = _in_time(events)
    labelled = ordered[ordered["source"] == _LABELER].drop_duplicates(["study", "finding"], keep="last")
    codes = _wide(labelled.set_index(["study", "finding"])["code"], ordered)
    words = _words_of_readers(ordered)
    if len(words):
        read = _wide(_decided(words), ordered)
        codes = codes.where(read == UNMENTIONED, read)
    return codes.mask(_passed_over(ordered) & (codes == UNMENTIONED), UNLABELLED).astype("int8")


def label_sources(events: pd.DataFrame) -> pd.Series:
    """Whose word each study's labels are: index `study`, values "consensus", "reader" or "labeler".

    "consensus" where two or more readers stated one finding, which makes the study fit to be a reference standard;
    "reader" where a reader stated any.
    """
    ordered = _in_time(events)
    sources = pd.Series(_LABELER, index=_studies(ordered), name="source", dtype=object)
    words = _words_of_readers(ordered)
    if len(words):
        readers = words.groupby(["study", "finding"]).size().groupby("study").max()
        sources.loc[readers.index] = _READER
        sources.loc[readers.index[readers > 1]] = _CONSENSUS
    return sources.astype("str")


def contested(events: pd.DataFrame) -> pd.DataFrame:
    """What readers stated and do not agree on, no majority and no adjudicator deciding: columns study and finding."""
    words = _words_of_readers(_in_time(events))
    if words.empty:
        return pd.DataFrame({"study": [], "finding": []}, dtype="str")
    judged = words.loc[words["source"] == _ADJUDICATOR].set_index(["study", "finding"]).index
    _, tied = _votes(words)
    open_ = tied[tied & ~tied.index.isin(judged)]
    return open_.index.to_frame(index=False)


def words_of_readers(events: pd.DataFrame) -> pd.DataFrame:
    """Each reader's word that holds now: columns study, finding, author and code (1, 0, -1), sorted."""
    words = _words_of_readers(_in_time(events))[["study", "finding", "author", "code"]]
    return words.sort_values(["study", "finding", "author"], ignore_index=True)


def unusable_images(readings: pd.DataFrame) -> set[str]:
    """The images that more readers call not readable or of another view than call them sound.

    `readings` are the catalog's; a reader's latest word on an image counts, unless it was withdrawn.
    """
    forms = readings.drop_duplicates(["image", "author"], keep="last")
    forms = forms[~forms["withdrawn"]]
    refused = (~forms["readable"] | forms["wrong_view"]).groupby(forms["image"]).mean()
    return set(refused.index[refused > _HALF])


def _in_time(events: pd.DataFrame) -> pd.DataFrame:
    """The events from old to new with their codes; those of one moment stay in the order given."""
    missing = [column for column in _COLUMNS if column not in events.columns]
    if missing:
        raise DataQualityError(f"The label events lack the column {missing[0]!r}.")
    ordered = events[_COLUMNS].astype({"finding": "str", "assertion": "str", "source": "str"})
    ordered["at"] = pd.to_datetime(ordered["at"], utc=True)
    ordered["code"] = ordered["assertion"].map({assertion.value: code for assertion, code in CODES.items()})
    known = ordered["code"].notna() & ordered["finding"].isin(COLUMNS) & ordered["source"].isin([*_PEOPLE, _LABELER])
    if not known.all():
        raise DataQualityError(
            f"{int((~known).sum())} label events have an unknown finding, assertion or source; "
            "they were written by another version."
        )
    return ordered.astype({"code": "int8"}).sort_values("at", kind="stable")


def _words_of_readers(ordered: pd.DataFrame) -> pd.DataFrame:
    """Each reader's latest word on each finding, without those who took theirs back."""
    read = ordered[ordered["source"].isin(_PEOPLE)].drop_duplicates(["study", "finding", "author"], keep="last")
    return read[read["code"] != UNMENTIONED]


def _decided(words: pd.DataFrame) -> pd.Series:
    """The code that holds among readers, by (study, finding): adjudicated, else by majority, else uncertain."""
    most, tied = _votes(words)
    decided = most.where(~tied, UNCERTAIN)
    judged = words[words["source"] == _ADJUDICATOR].drop_duplicates(["study", "finding"], keep="last")
    decided.update(judged.set_index(["study", "finding"])["code"])
    return decided.astype("int8")


def _votes(words: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The code that most readers gave, and whether another got as many; both by (study, finding)."""
    votes = words.groupby(["study", "finding", "code"]).size().unstack("code", fill_value=0)
    tied = votes.eq(votes.max(axis=1), axis=0).sum(axis=1) > 1
    return votes.idxmax(axis=1), tied


def _studies(ordered: pd.DataFrame) -> pd.Index:
    return pd.Index(sorted(ordered["study"].unique()), name="study")


def _passed_over(ordered: pd.DataFrame) -> pd.DataFrame:
    """Whether only published datasets and readers spoke of a study, and none of the datasets labels the finding."""
    passed = pd.DataFrame(False, index=_studies(ordered), columns=pd.Index(COLUMNS))
    studies = {str(author): some.unique() for author, some in ordered.groupby("author")["study"]}
    published = {author: found for author in studies if (found := labelled_by(author)) is not None}
    for author in published:
        passed.loc[studies[author]] = True
    for author, findings in published.items():
        passed.loc[studies[author], [finding.value for finding in findings]] = False
    ours = (ordered["source"] == _LABELER) & ~ordered["author"].isin(list(published))
    passed.loc[ordered.loc[ours, "study"].unique()] = False
    return passed


def _wide(codes: pd.Series, ordered: pd.DataFrame) -> pd.DataFrame:
    """Codes by (study, finding) as one row a study, 14 columns; what nobody spoke of is unmentioned."""
    table = codes.unstack("finding") if len(codes) else pd.DataFrame()
    table = table.reindex(index=_studies(ordered), columns=pd.Index(COLUMNS))
    return table.astype("Int8").fillna(UNMENTIONED).astype("int8")

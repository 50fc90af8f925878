"""Holds whose word counts: consensus of readers over a single reader over the labeller, the latest of each."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from components.errors import DataQualityError
from components.findings import FINDINGS, Finding
from components.labels import current_labels, label_sources

START = datetime(2026, 1, 1, tzinfo=UTC)
COLUMNS = ["study", "finding", "assertion", "source", "author", "at"]


def events(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Events in time order from (study, finding, assertion, author); authors named R… are readers."""
    return pd.DataFrame(
        [
            (study, finding, assertion, "reader" if author[0] == "R" else "labeler", author, START + timedelta(hours=n))
            for n, (study, finding, assertion, author) in enumerate(rows)
        ],
        columns=COLUMNS,
    )


def test_table_has_the_fourteen_columns_of_codes() -> None:
    table = current_labels(events(("s2", "edema", "present", "v1"), ("s1", "edema", "uncertain", "v1")))
    assert table.columns.tolist() == [finding.value for finding in FINDINGS]
    assert table.index.tolist() == ["s1", "s2"]
    assert set(map(str, table.dtypes)) == {"int8"}
    assert table["edema"].tolist() == [-1, 1]
    assert (table.drop(columns="edema") == -2).all(axis=None)


def test_newest_labeller_event_counts() -> None:
    given = events(("s", "edema", "present", "v1"), ("s", "edema", "absent", "v2"))
    assert current_labels(given).loc["s", "edema"] == 0
    assert current_labels(given.iloc[::-1]).loc["s", "edema"] == 0


def test_reader_stands_over_a_later_labeller_for_what_the_reader_stated_only() -> None:
    table = current_labels(
        events(
            ("s", "edema", "present", "v1"),
            ("s", "pneumonia", "present", "v1"),
            ("s", "edema", "absent", "R1"),
            ("s", "edema", "present", "v2"),
        )
    )
    assert table.loc["s", ["edema", "pneumonia"]].tolist() == [0, 1]


def test_readers_latest_word_counts_and_may_be_taken_back() -> None:
    changed = [("s", "edema", "present", "v1"), ("s", "edema", "present", "R1"), ("s", "edema", "absent", "R1")]
    assert current_labels(events(*changed)).loc["s", "edema"] == 0
    taken_back = events(*changed, ("s", "edema", "unmentioned", "R1"))
    assert current_labels(taken_back).loc["s", "edema"] == 1
    assert label_sources(taken_back)["s"] == "labeler"


@pytest.mark.parametrize(
    ("votes", "code"),
    [
        (["present", "present", "absent"], 1),
        (["present", "absent"], -1),
        (["present", "absent", "uncertain"], -1),
        (["absent", "absent", "uncertain"], 0),
        (["uncertain", "uncertain", "present"], -1),
    ],
)
def test_several_readers_decide_by_majority_and_a_tie_is_uncertain(votes: list[str], code: int) -> None:
    given = events(*(("s", "edema", vote, f"R{n}") for n, vote in enumerate(votes)))
    assert current_labels(given).loc["s", "edema"] == code


def test_source_is_the_strongest_word_on_the_study() -> None:
    sources = label_sources(
        events(
            ("a", "edema", "present", "v1"),
            ("b", "edema", "present", "R1"),
            ("c", "edema", "present", "R1"),
            ("c", "edema", "present", "R2"),
            ("d", "edema", "present", "R1"),
            ("d", "fracture", "present", "R2"),
        )
    )
    assert sources.to_dict() == {"a": "labeler", "b": "reader", "c": "consensus", "d": "reader"}


def test_no_events_give_empty_tables() -> None:
    assert current_labels(events()).shape == (0, 14)
    assert label_sources(events()).empty


@pytest.mark.parametrize("column", ["finding", "assertion", "source"])
def test_unknown_words_are_refused(column: str) -> None:
    given = events(("s", Finding.EDEMA.value, "present", "v1"))
    with pytest.raises(DataQualityError, match="1 label events"):
        current_labels(given.assign(**{column: "unheard-of"}))
    with pytest.raises(DataQualityError, match=column):
        current_labels(given.drop(columns=column))

"""Holds whose word counts: consensus of readers over a single reader over the labeller, the latest of each."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from components.errors import DataQualityError
from components.findings import FINDINGS, Finding
from components.labels import contested, current_labels, label_sources, unusable_images, words_of_readers

START = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = {"R": "reader", "A": "adjudicator"}
COLUMNS = ["study", "finding", "assertion", "source", "author", "at"]


def events(*rows: tuple[str, str, str, str]) -> pd.DataFrame:
    """Events in time order from (study, finding, assertion, author); R… are readers, A… adjudicators."""
    return pd.DataFrame(
        [
            (study, finding, assertion, SOURCES.get(author[0], "labeler"), author, START + timedelta(hours=n))
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


def test_what_a_published_dataset_does_not_label_is_unlabelled_until_somebody_states_it() -> None:
    nih = events(("s", "edema", "present", "nih:2017"), ("t", "no_finding", "present", "nih:2017"))
    table = current_labels(nih)
    assert table.loc["s", ["edema", "pneumonia", "fracture", "support_devices"]].tolist() == [1, -2, -3, -3]
    assert table.loc["t", ["edema", "fracture"]].tolist() == [-2, -3]
    read = current_labels(pd.concat([nih, events(("s", "fracture", "absent", "R1"))]))
    assert read.loc["s", ["fracture", "support_devices"]].tolist() == [0, -3]
    labelled = current_labels(pd.concat([nih, events(("s", "edema", "present", "1.1+abc"))]))
    assert labelled.loc["s", "fracture"] == -2, "our labeller reads all fourteen"
    assert labelled.loc["t", "fracture"] == -3


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


def test_an_adjudicator_decides_against_any_majority_and_the_later_of_two() -> None:
    given = [("s", "edema", "present", "R1"), ("s", "edema", "absent", "A1"), ("s", "edema", "present", "R2")]
    assert current_labels(events(*given)).loc["s", "edema"] == 0
    assert current_labels(events(*given, ("s", "edema", "uncertain", "A2"))).loc["s", "edema"] == -1
    taken_back = events(*given, ("s", "edema", "unmentioned", "A1"))
    assert current_labels(taken_back).loc["s", "edema"] == 1
    assert label_sources(events(*given[:2]))["s"] == "consensus"


def test_contested_is_what_neither_majority_nor_adjudicator_settles() -> None:
    differ = [("s", "edema", "present", "R1"), ("s", "edema", "absent", "R2"), ("t", "edema", "absent", "R1")]
    agree = [("s", "fracture", "absent", "R1"), ("s", "fracture", "absent", "R2")]
    assert contested(events(*differ, *agree)).to_numpy().tolist() == [["s", "edema"]]
    assert contested(events(*differ, ("s", "edema", "absent", "R3"))).empty
    assert contested(events(*differ, ("s", "edema", "uncertain", "A1"))).empty
    assert contested(events()).empty


def test_a_readers_words_are_those_that_hold_now() -> None:
    given = events(
        ("s", "edema", "present", "v1"),
        ("s", "edema", "present", "R2"),
        ("s", "edema", "absent", "R1"),
        ("s", "edema", "uncertain", "R2"),
        ("s", "fracture", "absent", "R1"),
        ("s", "fracture", "unmentioned", "R1"),
    )
    assert words_of_readers(given).to_numpy().tolist() == [["s", "edema", "R1", 0], ["s", "edema", "R2", -1]]


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


def test_an_image_is_unusable_where_most_of_its_readers_say_so() -> None:
    forms = pd.DataFrame(
        [
            ("refused", "R1", False, False, False),
            ("wrong", "R1", True, True, False),
            ("disputed", "R1", False, False, False),
            ("disputed", "R2", True, False, False),
            ("corrected", "R1", False, False, False),
            ("corrected", "R1", True, False, False),
            ("withdrawn", "R1", False, False, False),
            ("withdrawn", "R1", True, False, True),
        ],
        columns=["image", "author", "readable", "wrong_view", "withdrawn"],
    )
    assert unusable_images(forms) == {"refused", "wrong"}
    assert unusable_images(forms.iloc[:0]) == set()

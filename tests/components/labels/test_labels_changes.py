"""Which labels readers changed since the snapshot before: named with their readers; a new labeller's are not theirs."""

from datetime import UTC, datetime, timedelta

import pandas as pd

from components.labels import current_labels, label_changes, propagate

START = datetime(2026, 1, 1, tzinfo=UTC)
Row = tuple[str, str, str, str]


def events(*rows: Row) -> pd.DataFrame:
    """Events in time order from (study, finding, assertion, author); authors named R… are readers."""
    return pd.DataFrame(
        [
            (study, finding, assertion, "reader" if author[0] == "R" else "labeler", author, START + timedelta(hours=n))
            for n, (study, finding, assertion, author) in enumerate(rows)
        ],
        columns=["study", "finding", "assertion", "source", "author", "at"],
    )


REPORTED: list[Row] = [
    ("s1", "edema", "absent", "v1"),
    ("s1", "lung_opacity", "absent", "v1"),
    ("s2", "edema", "absent", "v1"),
]


def changes(*more: Row) -> list[tuple[object, ...]]:
    """What changed between the reports' labels and those with the further events."""
    before, after = events(*REPORTED), events(*REPORTED, *more)
    found = label_changes(propagate(current_labels(before)), propagate(current_labels(after)), after)
    return [tuple(row) for row in found.itertuples(index=False)]


def test_a_correction_is_named_with_its_reader_and_with_what_follows_from_it() -> None:
    named = changes(("s1", "edema", "present", "R7"))
    assert ("s1", "edema", 0, 1, "R7") in named
    assert ("s1", "lung_opacity", 0, 1, "R7") in named, "edema is a lung opacity"
    assert {row[0] for row in named} == {"s1"}


def test_several_readers_are_all_named_and_a_confirmed_label_is_no_change() -> None:
    assert ("s2", "edema", 0, -1, "R1, R2") in changes(
        ("s2", "edema", "present", "R1"), ("s2", "edema", "absent", "R2")
    )
    assert changes(("s2", "edema", "absent", "R1")) == []


def test_what_a_new_labeller_reads_otherwise_is_not_the_readers_doing() -> None:
    assert changes(("s2", "edema", "uncertain", "v2")) == []


def test_a_statement_taken_back_is_named_with_who_took_it_back() -> None:
    before = events(*REPORTED, ("s1", "fracture", "present", "R1"))
    after = events(*REPORTED, ("s1", "fracture", "present", "R1"), ("s1", "fracture", "unmentioned", "R1"))
    found = label_changes(current_labels(before), current_labels(after), after)
    assert [tuple(row) for row in found.itertuples(index=False)] == [("s1", "fracture", 1, -2, "R1")]


def test_studies_that_were_not_there_before_are_passed_over() -> None:
    after = events(*REPORTED, ("s3", "edema", "present", "R1"))
    assert label_changes(current_labels(events(*REPORTED)), current_labels(after), after).empty

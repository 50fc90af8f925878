"""How the reading queue stands: what waits, what was read by how many, what their forms say of the picture."""

import json
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest

from components.relabeling import QueueState, queue_state

START = datetime(2026, 1, 1, tzinfo=UTC)
EVENTS = [
    ("s1", "edema", "present", "labeler", "v1"),
    ("s1", "edema", "present", "reader", "R1"),
    ("s2", "edema", "present", "reader", "R1"),
    ("s2", "edema", "absent", "reader", "R2"),
    ("s3", "edema", "absent", "reader", "R2"),
    ("s3", "edema", "unmentioned", "reader", "R2"),
]
FORMS = [
    ("s2", "R1", True, True, False),
    ("s3", "R2", True, False, False),
    ("s3", "R2", True, False, True),
    ("s4", "R1", False, False, False),
]


@pytest.fixture
def state() -> QueueState:
    events = pd.DataFrame(EVENTS, columns=["study", "finding", "assertion", "source", "author"])
    events["at"] = [START + timedelta(hours=hour) for hour in range(len(events))]
    forms = pd.DataFrame(FORMS, columns=["study", "author", "readable", "wrong_view", "withdrawn"])
    return queue_state(waiting={"s2", "s3", "s5"}, events=events, readings=forms)


def test_studies_are_counted_by_how_many_have_read_them(state: QueueState) -> None:
    assert (state.waiting, state.unread) == (3, 2), "s2 waits for a third reader"
    assert (state.read_once, state.read_twice, state.disagreeing) == (2, 1, 1)
    assert state.readers == {"R1": 3, "R2": 1}, "a form that says only that nothing can be read is a reading"


def test_what_readers_say_of_the_picture_counts_until_they_take_it_back(state: QueueState) -> None:
    assert (state.not_readable, state.wrong_view) == (1, 1)


def test_it_is_a_table_and_plain_json(state: QueueState) -> None:
    assert {"what": "read by R2", "studies": 1} in state.rows()
    told = json.loads(json.dumps(state.to_json()))
    assert told["agreement"]["edema"] == {"studies": 1, "same": 0.0, "kappa": 0.0, "alpha": pytest.approx(0.0)}


def test_an_empty_catalog_has_an_empty_queue() -> None:
    events = pd.DataFrame(columns=["study", "finding", "assertion", "source", "author", "at"])
    forms = pd.DataFrame(columns=["study", "author", "readable", "wrong_view", "withdrawn"]).astype(bool)
    state = queue_state(waiting=(), events=events, readings=forms)
    assert state.waiting == state.read_once == state.disagreeing == 0
    assert state.to_json()["agreement"] == {}

"""The ledger keeps what was written, and finds any byte that is not as it was, and any entry that is missing."""

import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.errors import LedgerError, StorageError
from components.promotion import Ledger, LedgerKind

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def three_entries(tmp_path):
    ledger = Ledger(tmp_path / "secrets" / "ledger.jsonl")
    ledger.append(LedgerKind.LOOK, {"candidate": "2", "studies": 300}, NOW)
    ledger.append(LedgerKind.VERDICT, {"decision": "promote", "delta": 0.0391, "why": "über 0 – ja"}, NOW)
    ledger.append(LedgerKind.PROMOTION, {"version": "2", "nothing": None}, NOW)
    return ledger, tmp_path / "secrets" / "ledger.jsonl"


def test_entries_come_back_as_written_and_chained(tmp_path):
    ledger, path = three_entries(tmp_path)
    entries = ledger.entries()
    assert ledger.verify() == 3
    assert [entry.kind for entry in entries] == [LedgerKind.LOOK, LedgerKind.VERDICT, LedgerKind.PROMOTION]
    assert entries[1].body == {"decision": "promote", "delta": 0.0391, "why": "über 0 – ja"}
    assert (entries[0].at, entries[2].previous) == (NOW, entries[1].hash)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_ledger_that_does_not_exist_yet_is_empty(tmp_path):
    assert Ledger(tmp_path / "none.jsonl").verify() == 0


@pytest.mark.parametrize("bit", [0x01, 0x20, 0x80])
def test_one_flipped_byte_anywhere_is_found_in_its_entry(tmp_path, bit):
    ledger, path = three_entries(tmp_path)
    written = path.read_bytes()
    entry_of = [written[:at].count(b"\n") for at in range(len(written))]
    for at, entry in enumerate(entry_of):
        path.write_bytes(written[:at] + bytes([written[at] ^ bit]) + written[at + 1 :])
        with pytest.raises(LedgerError, match=f"^Entry {entry} of the ledger"):
            ledger.verify()


def test_removed_swapped_doubled_and_forged_entries_are_found(tmp_path):
    ledger, path = three_entries(tmp_path)
    first, second, third = path.read_bytes().splitlines(keepends=True)
    for altered, entry in (
        (second + third, 0),
        (first + third, 1),
        (first + third + second, 1),
        (first + first + second + third, 1),
        (first + second + b"\n" + third, 2),
        (first + second + b"[1]\n", 2),
        (first + second + third.replace(b'"kind":"promotion"', b'"kind":"celebration"'), 2),
        (first + second + third[:-1], 2),
    ):
        path.write_bytes(altered)
        with pytest.raises(LedgerError, match=f"^Entry {entry} of the ledger"):
            ledger.verify()


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_any_other_byte_in_any_ledger_is_found_in_the_first_altered_entry(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "ledger.jsonl"
    values = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=8) | st.floats(-1, 1)
    bodies = data.draw(st.lists(st.dictionaries(st.text(max_size=4), values, max_size=3), min_size=1, max_size=4))
    for body in bodies:
        Ledger(path).append(data.draw(st.sampled_from(LedgerKind)), body, NOW)
    written = path.read_bytes()
    at, mask = data.draw(st.integers(0, len(written) - 1)), data.draw(st.integers(1, 255))
    path.write_bytes(written[:at] + bytes([written[at] ^ mask]) + written[at + 1 :])
    entry = written[:at].count(b"\n")
    with pytest.raises(LedgerError, match=f"^Entry {entry} of the ledger"):
        Ledger(path).verify()
    path.write_bytes(written[:at])
    with pytest.raises(LedgerError):
        Ledger(path).verify()


def test_one_flipped_byte_of_the_head_is_found(tmp_path):
    ledger, path = three_entries(tmp_path)
    head = path.with_suffix(".head")
    written = head.read_bytes()
    for at in range(len(written)):
        head.write_bytes(written[:at] + bytes([written[at] ^ 0x01]) + written[at + 1 :])
        with pytest.raises(LedgerError, match=r"head|should hold"):
            ledger.verify()
        with pytest.raises(LedgerError):
            ledger.append(LedgerKind.LOOK, {}, NOW)


def test_a_ledger_cut_short_is_found_and_nothing_is_added_to_it(tmp_path):
    ledger, path = three_entries(tmp_path)
    whole, head = path.read_bytes(), path.with_suffix(".head")
    for kept in (2, 1, 0):
        path.write_bytes(b"".join(whole.splitlines(keepends=True)[:kept]))
        with pytest.raises(LedgerError, match=f"holds {kept} entries and should hold 3"):
            ledger.verify()
        with pytest.raises(LedgerError, match="cut short"):
            ledger.append(LedgerKind.LOOK, {}, NOW)
    path.unlink()
    with pytest.raises(LedgerError, match="holds 0 entries and should hold 3"):
        ledger.verify()
    path.write_bytes(whole)
    head.unlink()
    with pytest.raises(LedgerError, match="head is missing"):
        ledger.verify()


def test_a_head_that_a_crash_left_one_entry_behind_is_no_alarm(tmp_path):
    ledger, path = three_entries(tmp_path)
    head = path.with_suffix(".head")
    behind = head.read_bytes()
    ledger.append(LedgerKind.LOOK, {}, NOW)
    head.write_bytes(behind)
    assert ledger.verify() == 4
    ledger.append(LedgerKind.LOOK, {}, NOW)
    assert ledger.verify() == 5
    head.write_bytes(behind)
    with pytest.raises(LedgerError, match="should hold 3"):
        ledger.verify()


def test_a_ledger_replaced_with_its_head_is_found_by_the_hash_that_the_registry_remembers(tmp_path):
    ledger, path = three_entries(tmp_path)
    last = ledger.entries()[-1].hash
    assert ledger.verify(known={last}) == 3
    path.unlink()
    path.with_suffix(".head").unlink()
    ledger.append(LedgerKind.LOOK, {"another": "story"}, NOW)
    assert ledger.verify() == 1
    with pytest.raises(LedgerError, match="1 that were known are not among them"):
        ledger.verify(known={last})


def test_nothing_is_added_to_a_broken_ledger(tmp_path):
    ledger, path = three_entries(tmp_path)
    written = path.read_bytes()
    for broken in (written[:-5], written[:-10] + b"x" + written[-9:]):
        path.write_bytes(broken)
        with pytest.raises(LedgerError, match="Entry 2"):
            ledger.append(LedgerKind.LOOK, {}, NOW)
        assert path.read_bytes() == broken


def test_what_json_cannot_hold_is_refused_and_nothing_written(tmp_path):
    ledger, _ = three_entries(tmp_path)
    for body in ({"p": float("nan")}, {"at": NOW}):
        with pytest.raises(LedgerError, match="what JSON can hold"):
            ledger.append(LedgerKind.LOOK, body, NOW)
    with pytest.raises(LedgerError, match="time zone"):
        ledger.append(LedgerKind.LOOK, {}, datetime(2026, 1, 1))
    assert ledger.verify() == 3


def test_writers_at_the_same_time_make_one_chain(tmp_path):
    path = tmp_path / "ledger.jsonl"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: Ledger(path).append(LedgerKind.LOOK, {"n": n}, NOW), range(40)))
    assert sorted(entry.body["n"] for entry in Ledger(path).entries()) == list(range(40))


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="ledger cannot be opened"):
        Ledger(tmp_path / "file" / "ledger.jsonl").append(LedgerKind.LOOK, {}, NOW)


def test_each_line_is_one_json_document(tmp_path):
    _, path = three_entries(tmp_path)
    assert [json.loads(line)["index"] for line in path.read_text().splitlines()] == [0, 1, 2]

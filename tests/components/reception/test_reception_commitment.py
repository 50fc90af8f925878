"""Holds storage commitment: the truth about what is safe, on the same association or on a new one, after ingest too."""

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom import Dataset
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.presentation import build_role
from pynetdicom.sop_class import (  # type: ignore[attr-defined]
    StorageCommitmentPushModel,
    StorageCommitmentPushModelInstance,
)

from components.reception._journal import Journal
from tests.components.reception.listener import HOST, connect, instance, running_listener, send_all
from tests.servers import free_port

pytestmark = pytest.mark.server

_ALL, _SOME = 1, 2
Told = queue.Queue[tuple[int, Dataset]]


def test_committed_is_what_was_received_even_after_ingest(tmp_path: Path) -> None:
    sent = [instance(number) for number in range(3)]
    never = instance(9)
    with running_listener(tmp_path / "home") as listener:
        assert set(send_all(listener.port, sent, at_once=1).values()) == {0}
        for file in (tmp_path / "home").rglob("*.dcm"):
            file.unlink()  # as ingest does with what it has taken in
        with _requester(listener.port) as (association, told):
            assert _ask(association, sent, "1.2.3.1") == 0
            kind, result = told.get(timeout=20)
            assert (kind, result.TransactionUID) == (_ALL, "1.2.3.1")
            assert _uids(result.ReferencedSOPSequence) == {ds.SOPInstanceUID for ds in sent}
            assert "FailedSOPSequence" not in result
            assert _ask(association, [*sent, never], "1.2.3.2") == 0
            kind, result = told.get(timeout=20)
            assert (kind, result.TransactionUID) == (_SOME, "1.2.3.2")
            assert _uids(result.ReferencedSOPSequence) == {ds.SOPInstanceUID for ds in sent}
            assert _uids(result.FailedSOPSequence) == {never.SOPInstanceUID}
            assert result.FailedSOPSequence[0].FailureReason == 0x0112
    for file in (tmp_path / "home").rglob("*"):
        assert not file.is_file() or b"1.2.826.0.1.3680043.99" not in file.read_bytes(), "the journal names a patient"


def test_a_requester_that_hung_up_is_called(tmp_path: Path) -> None:
    told: Told = queue.Queue()
    ae = ApplicationEntity("SENDER")
    ae.add_supported_context(StorageCommitmentPushModel, scu_role=True, scp_role=True)
    port = free_port()
    server = ae.start_server((HOST, port), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, _hear, [told])])
    assert server is not None
    addresses = f'{{"SENDER": "{HOST}:{port}"}}'
    try:
        with running_listener(tmp_path / "home", RADLOOP_RECEPTION__COMMITMENT_ADDRESSES=addresses) as listener:
            assert set(send_all(listener.port, [instance(1)], at_once=1).values()) == {0}
            association = connect(listener.port, contexts=(StorageCommitmentPushModel,))
            assert _ask(association, [instance(1)], "1.2.3.3") == 0
            association.release()
            kind, result = told.get(timeout=20)
            assert (kind, result.TransactionUID) == (_ALL, "1.2.3.3")
    finally:
        server.shutdown()


def test_an_action_that_asks_nothing_is_refused(tmp_path: Path) -> None:
    with running_listener(tmp_path / "home") as listener:
        association = connect(listener.port, contexts=(StorageCommitmentPushModel,))
        assert _ask(association, [], "1.2.3.4") == 0x0115
        association.release()


def test_the_journal_forgets_in_time(tmp_path: Path) -> None:
    journal, today = Journal(tmp_path / "journal.db"), datetime.now(UTC).date()
    journal.add("old", today - timedelta(days=11))
    journal.add("young", today - timedelta(days=9))
    assert journal.forget_before(today, 10) == 1
    assert journal.known(["old", "young"]) == {"young"}
    journal.close()


@contextmanager
def _requester(port: int) -> Iterator[tuple[Association, Told]]:
    """An association that stays open, and what is told on it."""
    told: Told = queue.Queue()
    ae = ApplicationEntity("SENDER")
    ae.add_requested_context(StorageCommitmentPushModel)
    role = build_role(StorageCommitmentPushModel, scu_role=True)
    association = ae.associate(HOST, port, ext_neg=[role], evt_handlers=[(evt.EVT_N_EVENT_REPORT, _hear, [told])])
    assert association.is_established
    yield association, told
    association.release()


def _hear(event: evt.Event, told: Told) -> tuple[int, None]:
    told.put((event.request.EventTypeID, event.event_information))
    return 0x0000, None


def _ask(association: Association, datasets: list[Dataset], transaction: str) -> int:
    asked = Dataset()
    asked.TransactionUID = transaction
    asked.ReferencedSOPSequence = [_reference(ds) for ds in datasets]
    status, _ = association.send_n_action(asked, 1, StorageCommitmentPushModel, StorageCommitmentPushModelInstance)
    return int(status.Status)


def _reference(ds: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    return item


def _uids(items: list[Dataset]) -> set[str]:
    return {item.ReferencedSOPInstanceUID for item in items}

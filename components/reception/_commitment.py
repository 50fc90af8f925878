"""Storage commitment: partners ask whether what they sent is safe, and are told on the same or a new association."""

import logging
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Self

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
from components.reception._tls import client_context
from components.reception._tokens import Tokens
from components.settings import ReceptionSettings

log = logging.getLogger(__name__)

_REQUEST = 1  # action type
_ALL_COMMITTED, _SOME_FAILED = 1, 2  # event types
_NO_SUCH_INSTANCE = 0x0112  # failure reason
_DONE, _INVALID, _NO_SUCH_ACTION, _BUSY = 0x0000, 0x0115, 0x0123, 0x0213
_MOST_WAITING = 64
_TELL_AFTER_S = (0.2, 5.0, 30.0, 120.0, 600.0)  # the answer to the request goes out before its result


@dataclass(frozen=True)
class _Promise:
    """A result to be told: to whom, and what."""

    association: Association
    aet: str
    result: Dataset
    event: int


class Commitments:
    """Answers from the journal: an instance is committed when it was received, whether it was taken in since or not."""

    def __init__(self, settings: ReceptionSettings, *, journal: Journal, tokens: Tokens) -> None:
        self._settings, self._journal, self._tokens = settings, journal, tokens
        self._stop = threading.Event()
        self._room = threading.Semaphore(_MOST_WAITING)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()

    def asked(self, event: evt.Event) -> tuple[int, None]:
        """Answers an N-ACTION; the result follows as an N-EVENT-REPORT."""
        if event.action_type != _REQUEST:
            return _NO_SUCH_ACTION, None
        asked = event.action_information
        if not asked.get("TransactionUID") or not asked.get("ReferencedSOPSequence"):
            return _INVALID, None
        if not self._room.acquire(blocking=False):
            return _BUSY, None
        result, kind = self._result(asked)
        promise = _Promise(event.assoc, event.assoc.requestor.ae_title.strip(), result, kind)
        threading.Thread(target=self._tell, args=(promise,), name="commitment", daemon=True).start()
        return _DONE, None

    def _result(self, asked: Dataset) -> tuple[Dataset, int]:
        items = {
            self._tokens.instance(str(item.ReferencedSOPInstanceUID)): item for item in asked.ReferencedSOPSequence
        }
        known = self._journal.known(items)
        result = Dataset()
        result.TransactionUID = asked.TransactionUID
        if known:
            result.ReferencedSOPSequence = [_reference(item) for token, item in items.items() if token in known]
        if failed := [_reference(item) for token, item in items.items() if token not in known]:
            for item in failed:
                item.FailureReason = _NO_SUCH_INSTANCE
            result.FailedSOPSequence = failed
        return result, _SOME_FAILED if failed else _ALL_COMMITTED

    def _tell(self, promise: _Promise) -> None:
        """Tells the result, again after a while where nobody listens."""
        try:
            address = self._settings.commitment_addresses.get(promise.aet)
            for wait in _TELL_AFTER_S:
                if self._stop.wait(wait) or (self._call(promise, address) if address else _told_here(promise)):
                    return
            log.warning("The result of a storage commitment could not be told: set 'reception.commitment_addresses'.")
        finally:
            self._room.release()

    def _call(self, promise: _Promise, address: str) -> bool:
        """Tells it on a new association to where the requester listens."""
        host, _, port = address.rpartition(":")
        ae = ApplicationEntity(self._settings.aet)
        ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = self._settings.idle_s
        ae.add_requested_context(StorageCommitmentPushModel)
        role = build_role(StorageCommitmentPushModel, scp_role=True)
        tls = (client_context(self._settings.tls), host) if self._settings.tls else None
        association = ae.associate(host, int(port), ae_title=promise.aet, ext_neg=[role], tls_args=tls)
        if not association.is_established:
            return False
        try:
            return _told(promise, association)
        finally:
            association.release()


def _told_here(promise: _Promise) -> bool:
    return promise.association.is_established and _told(promise, promise.association)


def _told(promise: _Promise, association: Association) -> bool:
    status, _ = association.send_n_event_report(
        promise.result, promise.event, StorageCommitmentPushModel, StorageCommitmentPushModelInstance
    )
    return bool(status.get("Status") == _DONE)


def _reference(item: Dataset) -> Dataset:
    reference = Dataset()
    reference.ReferencedSOPClassUID = item.ReferencedSOPClassUID
    reference.ReferencedSOPInstanceUID = item.ReferencedSOPInstanceUID
    return reference

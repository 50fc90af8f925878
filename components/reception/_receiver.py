"""The DICOM listener: C-STORE, C-ECHO and storage commitment, for several partners at once."""

import logging
import threading
from contextlib import ExitStack
from datetime import UTC, date, datetime
from enum import IntEnum
from types import TracebackType
from typing import Self

from pydicom import Dataset
from pydicom.uid import UID
from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.dimse_primitives import C_STORE

from components.errors import ServerError, StorageError
from components.reception._arrivals import Arrivals, is_full
from components.reception._commitment import Commitments
from components.reception._contexts import offered_contexts
from components.reception._head import study_and_instance
from components.reception._journal import Journal
from components.reception._quiet import quiet_network
from components.reception._server import Server
from components.reception._spool import Spool, SpoolingProvider
from components.reception._tls import server_context
from components.reception._tokens import Tokens
from components.settings import ReceptionSettings

log = logging.getLogger(__name__)

_LONGEST_NEGOTIATION_S = 30.0


class StoreStatus(IntEnum):
    """The answers to a C-STORE (DICOM PS3.4 table B.2-1)."""

    SUCCESS = 0x0000
    OUT_OF_RESOURCES = 0xA700
    MISMATCH = 0xA900
    NOT_UNDERSTOOD = 0xC000


class Receiver:
    """Takes instances in from the moment it is entered until it is left; SUCCESS means: safely on the disk."""

    def __init__(self, settings: ReceptionSettings, *, arrivals: Arrivals, journal: Journal, tokens: Tokens) -> None:
        self._settings, self._arrivals, self._journal, self._tokens = settings, arrivals, journal, tokens
        self._commitments = Commitments(settings, journal=journal, tokens=tokens)
        self._received = 0
        self._counting = threading.Lock()
        self._open = ExitStack()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_address[1])

    @property
    def received(self) -> int:
        """How many instances were acknowledged."""
        return self._received

    def __enter__(self) -> Self:
        """Starts listening.

        Raises:
            ServerError: the port is taken, or may not be used.
        """
        with ExitStack() as opened:
            opened.enter_context(quiet_network())
            self._server = self._listening()
            opened.callback(self._server.stop)
            thread = threading.Thread(target=self._server.serve_forever, args=(0.2,), name="receiver", daemon=True)
            thread.start()
            opened.enter_context(self._commitments)
            self._open = opened.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _listening(self) -> Server:
        settings = self._settings
        ae = ApplicationEntity(settings.aet)
        ae.supported_contexts = offered_contexts()
        ae.maximum_associations, ae.maximum_pdu_size = settings.max_associations, settings.max_pdu
        ae.network_timeout = ae.dimse_timeout = settings.idle_s
        ae.acse_timeout = min(settings.idle_s, _LONGEST_NEGOTIATION_S)
        ae.require_called_aet, ae.require_calling_aet = settings.require_aet, list(settings.calling_aets)
        handlers: list[evt.EventHandlerType] = [
            (evt.EVT_C_STORE, self._store),
            (evt.EVT_C_ECHO, _echo),
            (evt.EVT_N_ACTION, self._commitments.asked),
            (evt.EVT_REJECTED, _say_rejected),
            (evt.EVT_CONN_CLOSE, _abandon),
        ]
        try:
            return Server(ae, settings, self._arrivals, handlers=handlers, tls=server_context(settings.tls))
        except OSError as error:
            raise ServerError(
                f"The listener cannot use port {settings.port} of {settings.host} ({error.strerror}): another program "
                "has it, or it needs more rights; set 'reception.port'."
            ) from None

    def _store(self, event: evt.Event) -> int | Dataset:
        """Answers one C-STORE: SUCCESS only when the instance is whole, on the disk, and in the journal."""
        request = event.request
        if not isinstance(request, C_STORE) or not isinstance(spool := request.DataSet, Spool):
            return _answer(StoreStatus.NOT_UNDERSTOOD, "no data set")
        with spool:
            return self._kept(spool, str(request.AffectedSOPInstanceUID), UID(event.context.transfer_syntax))

    def _kept(self, spool: Spool, instance: str, syntax: UID) -> int | Dataset:
        if spool.too_large:
            largest = f"larger than {self._settings.max_instance_mb} MiB"
            return _answer(StoreStatus.NOT_UNDERSTOOD, largest)
        try:
            if spool.failure is not None:
                raise spool.failure
            path = spool.synced()
            found = study_and_instance(path, spool.offset, syntax) if path is not None else None
            if path is None or found is None:
                return _answer(StoreStatus.NOT_UNDERSTOOD, "no Study or SOP Instance UID")
            if found[1] != instance:
                return _answer(StoreStatus.MISMATCH, "another SOP Instance UID than announced")
            token = self._tokens.instance(instance)
            self._arrivals.keep_instance(path, study=self._tokens.study(found[0]), instance=token)
            self._journal.add(token, _today())
        except (OSError, StorageError) as error:
            full = isinstance(error, OSError) and is_full(error)
            log.error("An instance was not taken: %s.", "the disk is full" if full else type(error).__name__)
            return _answer(StoreStatus.OUT_OF_RESOURCES, "disk full" if full else "cannot be written")
        with self._counting:
            self._received += 1
        return StoreStatus.SUCCESS


def _today() -> date:
    return datetime.now(UTC).date()


def _answer(status: StoreStatus, why: str) -> Dataset:
    answer = Dataset()
    answer.Status, answer.ErrorComment = int(status), why
    return answer


def _echo(_event: evt.Event) -> int:
    return StoreStatus.SUCCESS


def _say_rejected(_event: evt.Event) -> None:
    log.warning("An association was refused: unknown AE title, or too many at once.")


def _abandon(event: evt.Event) -> None:
    if isinstance(event.assoc.dimse, SpoolingProvider):
        event.assoc.dimse.abandon()

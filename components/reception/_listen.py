"""The whole listener: DICOM, HL7 where wanted, and the sweep that hands complete studies to the inbox."""

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

from components.errors import StorageError
from components.reception._messages import MessageListener
from components.reception._place import Place, open_place
from components.reception._receiver import Receiver
from components.settings import ReceptionSettings, Settings

log = logging.getLogger(__name__)

_LONGEST_BETWEEN_SWEEPS_S = 5.0


@dataclass(frozen=True, kw_only=True)
class Listening:
    """Where the listener listens, and what it has received so far."""

    port: int
    mllp_port: int | None
    instances: int
    messages: int
    studies: int


def listen(settings: Settings, *, stop: threading.Event, tell: Callable[[Listening], None]) -> None:
    """Receives until `stop` is set; `tell` is called once it listens, and after each sweep that found something new.

    What a crash left in HOME/arriving is handed on like the rest.

    Raises:
        ServerError: a port is taken, or may not be used.
        ConfigurationError, StorageError: a key, certificate or folder cannot be used.
    """
    reception = settings.reception
    with ExitStack() as opened:
        place = opened.enter_context(open_place(settings))
        receiver = opened.enter_context(
            Receiver(reception, arrivals=place.arrivals, journal=place.journal, tokens=place.tokens)
        )
        messages = None
        if reception.mllp_port is not None:
            messages = opened.enter_context(MessageListener(reception, arrivals=place.arrivals, tokens=place.tokens))
        studies, told = 0, None
        while True:
            now = Listening(
                port=receiver.port,
                mllp_port=messages.port if messages else None,
                instances=receiver.received,
                messages=messages.received if messages else 0,
                studies=studies,
            )
            if now != told:
                tell(now)
                told = now
            if stop.wait(min(reception.quiet_s / 4, _LONGEST_BETWEEN_SWEEPS_S)):
                return
            studies += sweep(place, reception, now=datetime.now(UTC))


def sweep(place: Place, settings: ReceptionSettings, *, now: datetime) -> int:
    """Moves complete studies to the inbox and forgets what was remembered long enough; gives the studies moved."""
    try:
        moved = place.arrivals.move_complete(quiet_s=settings.quiet_s, now=now.timestamp())
        place.journal.forget_before(now.date(), settings.remember_days)
    except (OSError, StorageError) as error:
        log.error("Complete studies cannot be moved to the inbox now (%s).", type(error).__name__)
        return 0
    return moved

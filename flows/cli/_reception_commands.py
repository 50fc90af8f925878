"""`radloop listen` and `fetch`: studies and reports over the network."""

import signal
import threading
from datetime import date, datetime, timedelta
from typing import Annotated

from cyclopts import Parameter

from components.errors import ConfigurationError
from components.reception import Listening
from components.reception import listen as receive
from components.settings import Settings
from flows.cli._common import Common, clear_errors, prefect_session

PLAIN = Common()
_SEVERAL = Parameter(negative=(), show_default=False)


def listen(  # noqa: PLR0913  # one option each
    *,
    port: int | None = None,
    aet: str | None = None,
    host: str | None = None,
    mllp_port: int | None = None,
    calling: Annotated[tuple[str, ...], _SEVERAL, Parameter(name="--from")] = (),
    common: Common = PLAIN,
) -> None:
    """Receives studies by DICOM (C-STORE) and, where wanted, reports by HL7 v2 (MLLP), until it is stopped (Ctrl-C).

    A sender is told "stored" only when the instance is safely on this disk; storage commitment is answered too. What
    is still arriving lies in HOME/arriving; a study to which nothing was added for the quiet time
    (`reception.quiet_s`, 120 s) moves to HOME/inbox, where the next `radloop ingest` finds it. Both name patients
    and are for their owner only. Taken are CR, DX and secondary captures in every transfer syntax that can be read
    here, and structured reports; the rest is refused.

    It listens on this machine alone until `--host` (or `reception.host`) names another address. Try it with
    `echoscu -aec RADLOOP 127.0.0.1 11112` of dcmtk.

    Parameters
    ----------
    port
        Port of DICOM [11112].
    aet
        Our AE title [RADLOOP].
    host
        Address to listen on [127.0.0.1]; 0.0.0.0 for every one of this machine.
    mllp_port
        Port of HL7 over MLLP; without it no HL7 listener is started.
    calling
        AE title that may send to us; give it once for each. None given: all may.
    """
    chosen = {"port": port, "aet": aet, "host": host, "mllp_port": mllp_port, "calling_aets": calling or None}
    settings = common.settings(reception={name: value for name, value in chosen.items() if value is not None})
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with clear_errors():
        receive(settings, stop=stop, tell=lambda now: _tell(now, settings, common))


def _tell(now: Listening, settings: Settings, common: Common) -> None:
    """Where it listens, first (the one JSON document, too); then a line whenever something has come."""
    if now.instances + now.messages + now.studies:
        come = f"{now.instances} instances and {now.messages} messages received, {now.studies} studies in the inbox"
        common.console.print(come, highlight=False)
        return
    common.answer({"host": settings.reception.host, "port": now.port, "mllp_port": now.mllp_port})
    reception = settings.reception
    who = f"from {', '.join(reception.calling_aets)} alone" if reception.calling_aets else "from any AE title"
    common.console.print(f"DICOM  {reception.host}:{now.port}, AE title {reception.aet}, {who}", highlight=False)
    if now.mllp_port is not None:
        common.console.print(f"HL7    {reception.host}:{now.mllp_port} (MLLP)", highlight=False)
    common.console.print(f"complete studies go to {settings.inbox}; stop with Ctrl-C", highlight=False)


def fetch(  # noqa: PLR0913  # one option each
    *,
    first: Annotated[datetime | None, Parameter(name="--from")] = None,
    last: Annotated[datetime | None, Parameter(name="--until")] = None,
    days: int | None = None,
    modality: Annotated[tuple[str, ...], _SEVERAL] = (),
    descriptor: Annotated[tuple[str, ...], _SEVERAL] = (),
    common: Common = PLAIN,
) -> None:
    """Fetches studies from the archive into HOME/inbox, by date, modality and words of the study description.

    The archive is set once, in HOME/radloop.toml: under [archive] either `url` (DICOMweb, with `token`, or `user` and
    `password`), or `aet`, `host` and `port` (DICOM: the archive must know our AE title, host and port, and sends to
    them). What was received before is not fetched again; a run that was stopped goes on where it was.

    Parameters
    ----------
    first
        First day, as 2026-01-31.
    last
        Last day [today].
    days
        Instead of a first day: this many days before the last [2].
    modality
        Modality to ask for [CR DX]; give it once for each.
    descriptor
        Words of the Study Description, in any case [the twelve of Mohn et al.: atelectasis, cardiomegaly, …]; give it
        once for each. An empty one (--descriptor "") takes all studies.
    """
    settings = common.settings()
    if not settings.archive.known:
        raise ConfigurationError(
            "No archive is set: in HOME/radloop.toml, under [archive], set url (DICOMweb), or aet, host and port."
        )
    until = last.date() if last else date.today()
    since = first.date() if first else until - timedelta(days=settings.archive.days if days is None else days)
    with prefect_session(settings, common):
        from flows.fetch import fetch as flow

        common.answer(flow(since, until, list(modality) or None, _named(descriptor)))


def _named(descriptors: tuple[str, ...]) -> list[str] | None:
    return [word for word in descriptors if word.strip()] if descriptors else None

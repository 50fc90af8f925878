"""Associations that we open: what a partner refuses becomes one line that says what to do."""

import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from pynetdicom import evt
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.pdu_primitives import SCP_SCU_RoleSelectionNegotiation

from components.errors import ServerError

_CALLING_UNKNOWN, _CALLED_UNKNOWN = 3, 7  # reasons of a rejection (PS3.8 table 9-21)


@dataclass(frozen=True, kw_only=True)
class Partner:
    """Where a DICOM partner listens, by which AE titles we speak, and how patient we are."""

    host: str
    port: int
    aet: str
    ours: str
    timeout_s: float
    tls: ssl.SSLContext | None


@contextmanager
def associated(
    partner: Partner,
    contexts: Sequence[str],
    roles: Sequence[SCP_SCU_RoleSelectionNegotiation] = (),
    handlers: Sequence[evt.EventHandlerType] = (),
) -> Iterator[Association]:
    """An association with the partner, released at the end.

    Raises:
        ServerError: nobody listens there, or it refuses us; the message says what to do.
    """
    ae = ApplicationEntity(partner.ours)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = ae.connection_timeout = partner.timeout_s
    for context in contexts:
        ae.add_requested_context(context)
    association = ae.associate(
        partner.host,
        partner.port,
        ae_title=partner.aet,
        ext_neg=list(roles),
        tls_args=(partner.tls, partner.host) if partner.tls else None,
        evt_handlers=list(handlers),
    )
    if not association.is_established:
        raise ServerError(_why(association, partner))
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _why(association: Association, partner: Partner) -> str:
    where = f"{partner.aet} at {partner.host}:{partner.port}"
    if not association.is_rejected:
        return (
            f"No association with {where}: nobody answers there, or it ended the connection. Check 'archive.host', "
            "'archive.port', a firewall between, and whether it expects TLS."
        )
    reason = getattr(association.acceptor.primitive, "diagnostic", None)
    if reason == _CALLING_UNKNOWN:
        return f"{where} does not know our AE title {partner.ours}: have it entered there, with this host and port."
    if reason == _CALLED_UNKNOWN:
        return f"{where} says that this is not its AE title: correct 'archive.aet'."
    return f"{where} refused the association (reason {reason}): it may be busy; try again, or ask who runs it."

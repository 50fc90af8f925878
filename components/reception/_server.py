"""pynetdicom's association server within bounds: no partner can make it wait for ever or take all memory."""

import socket
import ssl
from socketserver import TCPServer
from typing import Any

from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association
from pynetdicom.events import EventHandlerType
from pynetdicom.transport import AssociationSocket, RequestHandler, ThreadedAssociationServer

from components.reception._arrivals import Arrivals
from components.reception._spool import SpoolingProvider
from components.settings import ReceptionSettings

_LARGEST_PDU = (1 << 20) + 64  # what the setting allows at most; an association request of 128 contexts is smaller
_CONNECTIONS_EACH = 2  # connections still in negotiation, beside the associations that are allowed


class Server(ThreadedAssociationServer):
    """Accepts connections; each is served by a thread of its own, with the listener's timeouts."""

    request_queue_size = 64

    def __init__(
        self,
        ae: ApplicationEntity,
        settings: ReceptionSettings,
        arrivals: Arrivals,
        *,
        handlers: list[EventHandlerType],
        tls: ssl.SSLContext | None,
    ) -> None:
        self.settings, self.arrivals = settings, arrivals
        super().__init__(
            ae,
            (settings.host, settings.port),
            settings.aet,
            ae.supported_contexts,
            tls,
            evt_handlers=handlers,
            request_handler=_BoundedHandler,
        )

    def get_request(self) -> tuple[socket.socket, Any]:
        """The next connection; its TLS handshake happens in its own thread, where it holds nobody up."""
        if self.socket is None:
            raise OSError("the server was closed")
        connection, address = self.socket.accept()
        connection.settimeout(self.settings.idle_s)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # answers are small and waited for
        if self.ssl_context is not None:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more connection, negotiated or not."""
        return len(self.active_associations) < _CONNECTIONS_EACH * self.settings.max_associations

    def stop(self) -> None:
        """Ends every association and gives the port back."""
        for association in self.active_associations:
            association.abort()
        TCPServer.shutdown(self)
        self.server_close()


class _BoundedHandler(RequestHandler):
    server: Server

    def _create_association(self) -> Association:
        association = super()._create_association()
        association.dimse = SpoolingProvider(
            association, self.server.arrivals, self.server.settings.max_instance_mb << 20
        )
        if association.dul.socket is not None:
            association.dul.socket.__class__ = _BoundedSocket  # made by the class above it, with nothing to add
        return association


class _BoundedSocket(AssociationSocket):
    def recv(self, nr_bytes: int) -> bytearray:
        if nr_bytes > _LARGEST_PDU:
            raise OSError("a protocol data unit larger than was negotiated")
        return super().recv(nr_bytes)

"""The HL7 listener: messages over MLLP, acknowledged once they are on the disk."""

import asyncio
import logging
import os
import ssl
import threading
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from types import TracebackType
from typing import Self

from components.errors import ServerError
from components.reception._arrivals import Arrivals
from components.reception._tls import server_context
from components.reception._tokens import Tokens
from components.settings import ReceptionSettings

log = logging.getLogger(__name__)

_START, _END = b"\x0b", b"\x1c\r"
_MOST_CONNECTIONS = 64
_TYPE, _CONTROL_ID, _VERSION = 8, 9, 11  # places of MSH-9, -10 and -12 after splitting at the field separator
_LONGEST_FIELD = 200


class Acknowledgement(StrEnum):
    """MSA-1 (HL7 table 0008)."""

    ACCEPTED = "AA"
    ERROR = "AE"
    REJECTED = "AR"


class MessageListener:
    """Takes ORU messages in; each connection is served on its own, so that a slow sender holds nobody up."""

    def __init__(self, settings: ReceptionSettings, *, arrivals: Arrivals, tokens: Tokens) -> None:
        self._settings, self._arrivals, self._tokens = settings, arrivals, tokens
        self._connections = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="messages", daemon=True)
        self.port = 0
        self.received = 0

    def __enter__(self) -> Self:
        """Starts listening, on a thread of its own.

        Raises:
            ServerError: the port is taken, or may not be used.
        """
        self._thread.start()
        try:
            tls = server_context(self._settings.tls)
            self._server = asyncio.run_coroutine_threadsafe(self._listening(tls), self._loop).result()
        except BaseException:
            self._end()
            raise
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self._hang_up(), self._loop).result()
        self._end()

    async def _hang_up(self) -> None:
        self._server.close()
        conversations = asyncio.all_tasks() - {asyncio.current_task()}
        for conversation in conversations:
            conversation.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listening(self, tls: ssl.SSLContext | None) -> asyncio.Server:
        try:
            return await asyncio.start_server(
                self._connected,
                self._settings.host,
                self._settings.mllp_port,
                limit=self._settings.max_message_mb << 20,
                ssl=tls,
                ssl_handshake_timeout=self._settings.idle_s if tls else None,
            )
        except OSError as error:
            raise ServerError(
                f"The HL7 listener cannot use port {self._settings.mllp_port} of {self._settings.host} "
                f"({os.strerror(error.errno or 0)}): another program has it, or it needs more rights; set "
                "'reception.mllp_port'."
            ) from None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= _MOST_CONNECTIONS:
                await self._converse(reader, writer)
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # the sender has gone, or was silent too long: what was not acknowledged it sends again
        finally:
            self._connections -= 1
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        patience = self._settings.idle_s
        while True:
            try:
                block = await asyncio.wait_for(reader.readuntil(_END), patience)
            except asyncio.LimitOverrunError:
                largest = f"message larger than {self._settings.max_message_mb} MiB"
                writer.write(acknowledgement(b"", Acknowledgement.REJECTED, largest))
                await asyncio.wait_for(writer.drain(), patience)
                return  # where it ends is not known: the sender begins anew
            message = block[: -len(_END)].rpartition(_START)[2]
            writer.write(await self._taken(message))
            await asyncio.wait_for(writer.drain(), patience)

    async def _taken(self, message: bytes) -> bytes:
        fields = _header(message)
        if len(fields) <= _CONTROL_ID:
            return acknowledgement(message, Acknowledgement.REJECTED, "no HL7 v2 message")
        if not fields[_TYPE].startswith(b"ORU"):
            return acknowledgement(message, Acknowledgement.REJECTED, "only results (ORU) are taken")
        keep = partial(self._arrivals.keep_message, message, f"{self._tokens.message(message)}.hl7")
        try:
            await asyncio.to_thread(keep)
        except OSError as error:
            log.error("A message was not taken (%s).", type(error).__name__)
            return acknowledgement(message, Acknowledgement.ERROR, "the message cannot be written now")
        self.received += 1
        return acknowledgement(message, Acknowledgement.ACCEPTED, "")


def acknowledgement(message: bytes, code: Acknowledgement, why: str) -> bytes:
    """The framed ACK of a message (HL7 v2.5.1, 2.9.3): its control id, the code, and why it was not taken."""
    fields = _header(message)
    separator = message[3:4] if len(fields) > _CONTROL_ID else b"|"
    control, version = (fields[place] if place < len(fields) else b"" for place in (_CONTROL_ID, _VERSION))
    encoding = fields[1] if len(fields) > _CONTROL_ID else b"^~\\&"
    now = f"{datetime.now(UTC):%Y%m%d%H%M%S}".encode()
    head = [b"MSH", encoding, b"RADLOOP", b"", b"", b"", now, b"", b"ACK", control, b"P", version or b"2.5.1"]
    answer = [b"MSA", code.encode(), control, why.encode()]
    return _START + separator.join(head) + b"\r" + separator.join(answer) + b"\r" + _END


def _header(message: bytes) -> list[bytes]:
    """The fields of the MSH segment, bounded; empty where there is none."""
    segment = message.partition(b"\r")[0].partition(b"\n")[0]
    if not segment.startswith(b"MSH") or len(segment) <= len(b"MSH|"):
        return []
    return [field[:_LONGEST_FIELD] for field in segment.split(segment[3:4])]

"""What stands before BentoML: the token, the size of an upload, and one form of it whatever the client sent."""

import hmac
import json
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from pydantic import SecretStr
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser

from components.errors import RefusedInputError
from components.serving._refusal import RequestReason, status_of

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

PREDICT = "/predict"
PROBES = frozenset({"/health", "/livez", "/readyz", "/healthz"})
_MEBIBYTE = 1 << 20
_FORM_OVERHEAD = 64 << 10
_MOST_FILES = 8  # images of one study
_log = logging.getLogger(__name__)


class Door:
    """ASGI middleware: probes pass, all else needs the bearer token; an upload is read into memory, never to disk.

    BentoML itself would fetch a text upload that looks like an address, write files to a temporary folder, and log
    what a client sent; behind this door it sees an empty JSON body, and the files' bytes in the request's state.
    """

    def __init__(self, app: Application, token: SecretStr, max_upload_mb: int) -> None:
        self._app = app
        self._token = token
        self._max_bytes = max_upload_mb * _MEBIBYTE
        self._too_large = RefusedInputError(
            RequestReason.TOO_LARGE, f"The upload is larger than {max_upload_mb} MiB, the most that is taken."
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in PROBES:
            await self._app(scope, receive, send)
        elif not self._knows(Headers(scope=scope).get("authorization", "")):
            advice = "Give the service's token as 'Authorization: Bearer …'."
            await refuse(send, HTTPStatus.UNAUTHORIZED, advice, (b"www-authenticate", b"Bearer"))
        elif scope["path"] == PREDICT:
            await self._predict(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _knows(self, authorization: str) -> bool:
        scheme, _, given = authorization.partition(" ")
        expected = self._token.get_secret_value().encode()
        return hmac.compare_digest(given.strip().encode(), expected) and scheme.lower() == "bearer"

    async def _predict(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            await refuse(send, HTTPStatus.METHOD_NOT_ALLOWED, "POST a DICOM file.", (b"allow", b"POST"))
            return
        started = time.monotonic()
        try:
            files = await self._files(Headers(scope=scope), receive)
        except RefusedInputError as refused:
            await refuse(send, status_of(refused), str(refused))
            _log.info("predict: %s", refused.reason.value)
            return
        except _Gone:
            return
        await self._app(_plain(scope, files), _empty_json(receive), _logged(send, sum(map(len, files)), started))

    async def _files(self, headers: Headers, receive: Receive) -> tuple[bytes, ...]:
        body = await self._body(headers, receive)
        form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        files = await _file_parts(headers, body) if form else (body,)
        if not all(files):
            raise RefusedInputError(RequestReason.EMPTY, "The request holds no file; send a DICOM file as its body.")
        if sum(map(len, files)) > self._max_bytes:
            raise self._too_large
        return files

    async def _body(self, headers: Headers, receive: Receive) -> bytes:
        """The whole body; an announced or real excess ends the reading."""
        most = self._max_bytes + _FORM_OVERHEAD
        announced = headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > most:
            raise self._too_large
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Gone
            body += message.get("body", b"")
            if len(body) > most:
                raise self._too_large
            if not message.get("more_body", False):
                return bytes(body)


class _Gone(Exception):
    """The client went away in the middle of its upload."""


async def refuse(send: Send, status: HTTPStatus, sentence: str, *headers: tuple[bytes, bytes]) -> None:
    """Answers with one sentence as JSON."""
    body = json.dumps({"error": sentence}).encode()
    length = (b"content-length", str(len(body)).encode())
    head = [(b"content-type", b"application/json"), length, *headers]
    await send({"type": "http.response.start", "status": status.value, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def _file_parts(headers: Headers, body: bytes) -> tuple[bytes, ...]:
    """The files of a form; their names are dropped."""

    async def once() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(headers, once(), max_files=_MOST_FILES, max_fields=1, max_part_size=len(body))
    parser.spool_max_size = len(body) + 1  # in memory: starlette writes larger ones to a temporary file
    wrong = (
        f"The form holds no file, or more than {_MOST_FILES}; send a study's DICOM files as the form's file parts, or"
        " one as the body itself."
    )
    try:
        form = await parser.parse()
    except (MultiPartException, KeyError):
        raise RefusedInputError(RequestReason.NOT_MULTIPART, wrong) from None
    files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
    try:
        if files:
            return tuple([await file.read() for file in files])
    finally:
        await form.close()
    raise RefusedInputError(RequestReason.NOT_MULTIPART, wrong)


def _plain(scope: Scope, files: tuple[bytes, ...]) -> Scope:
    """The same request with the files in its state and nothing else of what the client wrote."""
    state = {**scope.get("state", {}), "files": files}
    return {**scope, "state": state, "headers": [(b"content-type", b"application/json"), (b"content-length", b"2")]}


def _empty_json(receive: Receive) -> Receive:
    pending = [{"type": "http.request", "body": b"{}", "more_body": False}]

    async def once() -> Message:
        return pending.pop() if pending else await receive()

    return once


def _logged(send: Send, size: int, started: float) -> Send:
    """One line an answer, with nothing in it that came from outside."""

    async def logging_send(message: Message) -> None:
        if message["type"] == "http.response.start":
            _log.info("predict: %d, %d bytes, %.2f s", message["status"], size, time.monotonic() - started)
        await send(message)

    return logging_send

"""Before BentoML: the token, the size of an upload, and the file out of whatever form it came in."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from components.serving._door import Door

Ask = Callable[..., httpx.Response]
AUTHORISED = {"Authorization": "Bearer secret-token"}


class Inside:
    """What stands behind the door: keeps what reached it."""

    def __init__(self) -> None:
        self.scopes: list[Any] = []
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.scopes.append(scope)
        self.bodies.append((await receive())["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"in"})


@pytest.fixture
def inside() -> Inside:
    return Inside()


@pytest.fixture
def ask(inside: Inside) -> Ask:
    door = Door(inside, token=SecretStr("secret-token"), max_upload_mb=1)

    def asked(method: str, path: str, **request: Any) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(app=door)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
                return await client.request(method, path, **request)

        return asyncio.run(send())

    return asked


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "secret-token"}, {"Authorization": "Bearer "}]
)
@pytest.mark.parametrize("path", ["/predict", "/version", "/docs.json", "/", "/anything"])
def test_without_the_token_nothing_passes(ask: Ask, inside: Inside, headers: dict[str, str], path: str) -> None:
    answer = ask("POST", path, headers=headers, content=b"file")
    assert answer.status_code == 401
    assert "token" in answer.json()["error"]
    assert not inside.scopes


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/healthz"])
def test_probes_need_no_token(ask: Ask, path: str) -> None:
    assert ask("GET", path).text == "in"


def test_a_body_reaches_the_inside_as_bytes_in_memory_and_nothing_else_does(ask: Ask, inside: Inside) -> None:
    headers = {**AUTHORISED, "Content-Type": "application/dicom", "X-Patient": "Markername"}
    assert ask("POST", "/predict?finding=edema", headers=headers, content=b"file").text == "in"
    assert inside.scopes[0]["state"]["files"] == (b"file",)
    assert inside.bodies == [b"{}"]
    assert "Markername" not in str(inside.scopes[0]["headers"])
    assert b"secret" not in b"".join(value for _, value in inside.scopes[0]["headers"])


def test_the_file_of_a_form_reaches_the_inside_without_its_name(ask: Ask, inside: Inside) -> None:
    file = b"\0\r\n--x\xff" * 40_000
    answer = ask("POST", "/predict", headers=AUTHORISED, files={"file": ("Markername.dcm", file, "application/dicom")})
    assert answer.text == "in"
    assert inside.scopes[0]["state"]["files"] == (file,)
    assert "Markername" not in str({**inside.scopes[0], "state": None})


def test_a_studys_files_reach_the_inside_together(ask: Ask, inside: Inside) -> None:
    files = [("files", ("a.dcm", b"frontal", "application/dicom")), ("files", ("b.dcm", b"lateral"))]
    assert ask("POST", "/predict", headers=AUTHORISED, files=files).text == "in"
    assert inside.scopes[0]["state"]["files"] == (b"frontal", b"lateral")


@pytest.mark.parametrize(
    ("request_", "status", "word"),
    [
        ({"content": b""}, 400, "no file"),
        ({"content": b"x" * (1 << 20 | 1)}, 413, "1 MiB"),
        ({"content": b"x" * (3 << 20)}, 413, "1 MiB"),
        ({"files": {"file": ("a.dcm", b"x" * (1 << 20 | 1))}}, 413, "1 MiB"),
        ({"files": {"file": ("a.dcm", b"")}}, 400, "no file"),
        ({"files": [("a", (f"{n}.dcm", b"1")) for n in range(9)]}, 400, "more than 8"),
        ({"files": [("a", ("a.dcm", b"x")), ("a", ("b.dcm", b"x" * (1 << 20)))]}, 413, "1 MiB"),
        ({"content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data"}}, 400, "no file"),
        ({"content": b"rubbish", "headers": {"Content-Type": "multipart/form-data; boundary=x"}}, 400, "no file"),
    ],
)
def test_what_holds_no_file_or_too_much_is_one_clear_sentence(
    ask: Ask, inside: Inside, request_: dict[str, Any], status: int, word: str
) -> None:
    headers = {**request_.pop("headers", {}), **AUTHORISED}
    answer = ask("POST", "/predict", headers=headers, **request_)
    assert answer.status_code == status
    assert word in answer.json()["error"]
    assert not inside.scopes


def test_an_upload_without_announced_length_ends_where_it_grows_too_large(ask: Ask, inside: Inside) -> None:
    sent = []

    async def endless() -> Any:
        while True:
            sent.append(1)
            yield b"x" * (1 << 18)

    assert ask("POST", "/predict", headers=AUTHORISED, content=endless()).status_code == 413
    assert len(sent) < 10


def test_predict_is_asked_by_post(ask: Ask) -> None:
    answer = ask("GET", "/predict", headers=AUTHORISED)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")

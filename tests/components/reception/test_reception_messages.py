"""Holds the HL7 listener: acknowledged is on the disk, what is no result is refused, nobody waits for a slow sender."""

import random
import socket
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hl7
import pytest

from tests.components.reception.listener import RunningListener, running_listener

pytestmark = pytest.mark.server
_START, _END = b"\x0b", b"\x1c\r"
_KILLS = 3


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("messages") / "home"


@pytest.fixture(scope="module")
def listener(home: Path) -> Iterator[RunningListener]:
    bounds = {"RADLOOP_RECEPTION__MAX_MESSAGE_MB": "1", "RADLOOP_RECEPTION__IDLE_S": "3"}
    with running_listener(home, "--mllp-port", "0", **bounds) as running:
        yield running


def test_a_result_is_in_the_inbox_before_its_acknowledgement(listener: RunningListener, home: Path) -> None:
    with closing(_connected(listener)) as line:
        for number in range(5):
            assert _told(line, _numbered(number)) == ("AA", f"C-{number}")
            assert _numbered(number) in _messages(home)
        assert _told(line, _numbered(0)) == ("AA", "C-0"), "the same again is harmless"
    assert len(_messages(home)) == 5


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (b"", ("AR", "")),
        (b"GET / HTTP/1.1\r\n\r\n", ("AR", "")),
        (b"MSH", ("AR", "")),
        (b"MSH|" + bytes(range(256)) * 20, ("AR", "")),
        (b"MSH|^~\\&|A|B|C|D|20240101||ADT^A01|C-77|P|2.3\rPID|1\r", ("AR", "C-77")),
        (b"MSH#^~\\&#A#B#C#D#20240101##ADT^A01#C-78#P#2.3\r", ("AR", "C-78")),
    ],
)
def test_what_is_no_result_is_refused_and_not_kept(
    listener: RunningListener, home: Path, message: bytes, expected: tuple[str, str]
) -> None:
    before = _messages(home)
    with closing(_connected(listener)) as line:
        assert _told(line, message) == expected
        assert _told(line, message) == expected, "the connection goes on"
    assert _messages(home) == before


def test_a_message_that_is_too_large_is_refused(listener: RunningListener, home: Path) -> None:
    before = _messages(home)
    with closing(_connected(listener)) as line:
        line.sendall(_START + b"MSH|^~\\&|" + b"x" * (2 << 20))
        code, _ = _answer(line)
        assert code == "AR"
    assert _messages(home) == before


def test_noise_and_silence_hold_nobody_up(listener: RunningListener) -> None:
    chance = random.Random(1)  # noqa: S311  # a test repeats itself
    lines = [_connected(listener) for _ in range(8)]
    for line in lines:
        line.sendall(_START + chance.randbytes(2000).replace(b"\x1c", b""))  # and then nothing more
    with closing(_connected(listener)) as sound:
        assert _told(sound, _numbered(900)) == ("AA", "C-900")
    for line in lines:
        line.settimeout(20)
        assert line.recv(10) == b"", "a silent connection is closed"
        line.close()


def test_what_was_acknowledged_survives_every_kill(tmp_path: Path) -> None:
    chance, acknowledged = random.Random(7), set()  # noqa: S311  # a test repeats itself
    for round_ in range(_KILLS):
        with running_listener(tmp_path / "home", "--mllp-port", "0") as listener, closing(_connected(listener)) as line:
            killer = threading.Timer(chance.uniform(0.02, 0.3), listener.kill)
            killer.start()
            try:
                for number in range(round_ * 10_000, (round_ + 1) * 10_000):
                    if _told(line, _numbered(number))[0] == "AA":
                        acknowledged.add(_numbered(number))
            except (OSError, EOFError):
                pass
            killer.join()
        assert acknowledged <= _messages(tmp_path / "home")
    assert acknowledged


def _numbered(number: int) -> bytes:
    head = f"MSH|^~\\&|RIS|HOSP|RADLOOP|HOSP|20240110||ORU^R01|C-{number}|P|2.5"
    return "\r".join([head, "PID|1||P-1||Markername^Hidden", f"OBR|1|A-{number}", "OBX|1|TX|||Clear.\r"]).encode()


def _connected(listener: RunningListener) -> socket.socket:
    assert listener.mllp_port is not None
    return socket.create_connection(("127.0.0.1", listener.mllp_port), timeout=20)


def _told(line: socket.socket, message: bytes) -> tuple[str, str]:
    line.sendall(_START + message + _END)
    return _answer(line)


def _answer(line: socket.socket) -> tuple[str, str]:
    """Code and control id of the acknowledgement, as the hl7 library reads them."""
    answer = b""
    while not answer.endswith(_END):
        part = line.recv(4096)
        if not part:
            raise EOFError
        answer += part
    assert answer.startswith(_START)
    segment = hl7.parse(answer[1:-2].decode("ascii").replace("#", "|")).segment("MSA")
    return str(segment[1]), str(segment[2])


def _messages(home: Path) -> set[bytes]:
    return {file.read_bytes() for file in (home / "inbox").glob("*.hl7")}

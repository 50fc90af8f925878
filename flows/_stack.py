"""The servers beside the loop as plain processes: started on loopback, remembered and stopped by process id."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil

from components.errors import ServerError
from components.settings import Settings

_STOP_PATIENCE_S = 15
_DICOM = "dicom"


@dataclass(frozen=True, kw_only=True)
class Server:
    """One process to start: what it runs, and the address that answers once it is ready."""

    name: str
    argv: Sequence[str]
    url: str
    ready: str
    environment: Mapping[str, str] = field(default_factory=dict)
    patience_s: float = 180
    listens: bool = True


@dataclass(frozen=True, kw_only=True)
class Running:
    """A started process as remembered in HOME/run; `created` tells a reused process id from ours."""

    name: str
    pid: int
    created: float
    url: str

    def process(self) -> psutil.Process | None:
        """The living process, or None when it ended or its id is another program's now."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.created) < 1 and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if same else None


def start(server: Server, settings: Settings) -> Running:
    """Starts the process in a session of its own, its output in HOME/logs; one that runs already is left alone.

    Raises:
        ServerError: another program listens on its port.
    """
    for running in running_servers(settings):
        if running.name == server.name and running.process():
            return running
    if server.listens:
        _must_be_free(server)
    logs, run = (_owned(settings.home.absolute() / name) for name in ("logs", "run"))
    with (logs / f"{server.name}.log").open("ab") as output:
        process = subprocess.Popen(  # noqa: S603  # our own argv, no shell
            list(server.argv),
            env={**os.environ, **server.environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd=run,
        )
    running = Running(
        name=server.name, pid=process.pid, created=psutil.Process(process.pid).create_time(), url=server.url
    )
    (run / f"{server.name}.json").write_text(json.dumps(asdict(running)))
    return running


def wait_ready(server: Server, settings: Settings) -> None:
    """Returns once the server answers.

    Raises:
        ServerError: it ended, or did not answer in its time; the message names its log.
    """
    log = settings.home / "logs" / f"{server.name}.log"
    deadline = time.monotonic() + server.patience_s
    while time.monotonic() < deadline:
        if not any(running.name == server.name and running.process() for running in running_servers(settings)):
            raise ServerError(f"{server.name} ended while starting; its last words are in {log}.")
        if answers(server.ready):
            return
        time.sleep(0.3)
    raise ServerError(f"{server.name} did not answer at {server.url} within {server.patience_s:.0f} s; see {log}.")


def answers(url: str) -> bool:
    """Whether a server answers there with anything but a failure of its own; one without HTTP, whether it connects."""
    address = urlsplit(url)
    if address.scheme == _DICOM:
        return _connects(address.hostname or "", address.port or 0)
    try:
        return httpx.get(url, timeout=2, trust_env=False).status_code < httpx.codes.INTERNAL_SERVER_ERROR
    except httpx.HTTPError:
        return False


def _connects(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), timeout=2).close()
    except OSError:
        return False
    return True


def running_servers(settings: Settings) -> list[Running]:
    """What was started in this home and not stopped since, alive or not."""
    files = sorted((settings.home / "run").glob("*.json"))
    return [Running(**json.loads(file.read_text())) for file in files]


def stop(settings: Settings, names: Sequence[str] | None = None) -> list[str]:
    """Ends our processes and their children, by process id; gives the names of those that were alive."""
    stopped = []
    for running in running_servers(settings):
        if names is not None and running.name not in names:
            continue
        if process := running.process():
            _end(process)
            stopped.append(running.name)
        (settings.home / "run" / f"{running.name}.json").unlink(missing_ok=True)
    return stopped


def _end(process: psutil.Process) -> None:
    family = [*process.children(recursive=True), process]
    for member in family:
        _ignoring_gone(member.terminate)
    _, stubborn = psutil.wait_procs(family, timeout=_STOP_PATIENCE_S)
    for member in stubborn:
        _ignoring_gone(member.kill)
    psutil.wait_procs(stubborn, timeout=_STOP_PATIENCE_S)


def _must_be_free(server: Server) -> None:
    """Some servers move to another port without a word when theirs is taken."""
    address = urlsplit(server.url)
    if address.port and free_port(address.port) != address.port:
        raise ServerError(f"Port {address.port}, where {server.name} should listen, is taken: set another one.")


def _ignoring_gone(action: Callable[[], None]) -> None:
    try:
        action()
    except psutil.NoSuchProcess:
        return


def _owned(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def program(name: str) -> str:
    """The path of a console script that lies beside this Python."""
    return str(Path(sys.executable).parent / name)


def free_port(wanted: int) -> int:
    """`wanted` where nothing listens there, else a port that is free now."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port just given back is free
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("No free port on the loopback address.")

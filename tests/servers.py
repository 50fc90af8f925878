"""Real servers for tests: PostgreSQL, Label Studio and the archive Orthanc, each in a folder that goes with it."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from components.settings import Settings, load_settings

_START_SECONDS = 60
_LABEL_STUDIO_START_SECONDS = 120


@dataclass
class PostgresServer:
    """A running server that listens on a Unix socket only."""

    folder: Path
    _numbers: Iterator[int] = field(default_factory=count)

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://postgres@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """The URL of a fresh, empty database."""
        import psycopg

        name = f"catalog_{next(self._numbers)}"
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        return self.url(name)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Starts PostgreSQL from the system's package; skips the test where it is not installed."""
    binaries = _binaries()
    folder = Path(tempfile.mkdtemp(prefix="rl-pg-", dir="/tmp"))
    owner = "postgres" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
    try:
        if owner:
            shutil.chown(folder, owner)
        data = folder / "data"
        _run(binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", owner=owner)
        command = [binaries / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses=", "-c", "fsync=off"]
        with (folder / "server.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, user=owner, cwd=folder)
        try:
            _await(process, binaries, folder)
            yield PostgresServer(folder)
        finally:
            process.send_signal(signal.SIGINT)  # "fast shutdown": ends open sessions
            process.wait(timeout=_START_SECONDS)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: float(path.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL is not installed: run `make system-packages`")
    return found[-1].parent


def _run(*command: object, owner: str | None) -> None:
    subprocess.run(
        [str(part) for part in command], user=owner, check=True, capture_output=True, timeout=_START_SECONDS, cwd="/"
    )


def _await(process: subprocess.Popen[bytes], binaries: Path, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while subprocess.run([binaries / "pg_isready", "-q", "-h", folder], check=False).returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'server.log').read_text()[-2000:]}")
        time.sleep(0.1)


@contextmanager
def label_studio_server(home: Path) -> Iterator[Settings]:
    """Starts the real Label Studio on a free loopback port, its data in `home`; gives the settings that name it."""
    from components.relabeling import label_studio_command, label_studio_installed, prepare_label_studio, wait_ready

    if not label_studio_installed():
        pytest.skip("the Label Studio server is not installed: run `make label-studio`")
    prepare_label_studio()
    settings = load_settings(home, label_studio={"url": f"http://127.0.0.1:{free_port()}"})
    command, environment = label_studio_command(settings)
    with (home / "label-studio.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        wait_ready(settings.label_studio.url, timeout=_LABEL_STUDIO_START_SECONDS)
        yield settings
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


@dataclass(frozen=True)
class OrthancServer:
    """A running archive with DICOM and DICOMweb on loopback."""

    port: int
    url: str
    aet: str = "ORTHANC"
    user: str = "reader"
    password: str = "invented"

    def add(self, content: bytes) -> None:
        """Puts a DICOM file into the archive."""
        httpx.post(f"{self.url}/instances", content=content, auth=(self.user, self.password)).raise_for_status()


@contextmanager
def orthanc_server(folder: Path, *, our_aet: str, our_port: int) -> Iterator[OrthancServer]:
    """Starts Orthanc from the system's packages; `our_aet` at `our_port` is the one partner that it knows."""
    binary, plugin = shutil.which("Orthanc"), Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
    if binary is None or not plugin.exists():
        pytest.skip("Orthanc is not installed: run `make system-packages` (orthanc, orthanc-dicomweb)")
    http = free_port()
    server = OrthancServer(port=free_port(), url=f"http://127.0.0.1:{http}")
    configuration = {
        "StorageDirectory": str(folder / "archive"),
        "IndexDirectory": str(folder / "archive"),
        "Plugins": [str(plugin)],
        "HttpPort": http,
        "DicomPort": server.port,
        "DicomAet": server.aet,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": True,
        "RegisteredUsers": {server.user: server.password},
        "DicomModalities": {"radloop": [our_aet, "127.0.0.1", our_port]},
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([binary, str(folder / "orthanc.json")], stdout=log, stderr=log)
    try:
        _await_orthanc(server, folder)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=_START_SECONDS)


def _await_orthanc(server: OrthancServer, folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with suppress(httpx.HTTPError):
            if httpx.get(f"{server.url}/system", auth=(server.user, server.password)).is_success:
                return
        time.sleep(0.1)
    raise RuntimeError(f"Orthanc did not start: {(folder / 'orthanc.log').read_text()[-2000:]}")


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

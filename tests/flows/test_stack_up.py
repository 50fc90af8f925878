"""Holds `radloop up`, `status` and `down`: real servers on loopback, deployed schedules, nothing left running."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from components.relabeling import label_studio_installed
from components.settings import load_settings
from flows._stack import free_port
from tests.flows.conftest import radloop_json

pytestmark = [pytest.mark.slow, pytest.mark.server, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("stack")
    (home / "radloop.toml").write_text(
        f"[servers]\nprefect_port = {free_port(0)}\nmlflow_port = {free_port(0)}\n"
        f"[serving]\nport = {free_port(0)}\n[label_studio]\nurl = 'http://127.0.0.1:{free_port(0)}'\n"
        f"[reception]\nstart = true\nport = {free_port(0)}\n"
    )
    try:
        radloop_json("up", home=home, timeout=600)
        yield home
    finally:
        radloop_json("down", home=home, timeout=600)


def test_every_server_runs_and_listens_on_loopback_alone(home: Path) -> None:
    servers = {server["server"]: server for server in radloop_json("status", home=home, timeout=600)["servers"]}
    expected = {"prefect", "worker", "mlflow", "service", "listener"} | (
        {"label-studio"} if label_studio_installed() else set()
    )
    assert set(servers) == expected
    assert {server["state"] for server in servers.values()} == {"running"}
    for server in servers.values():
        process = psutil.Process(server["pid"])
        for member in [process, *process.children(recursive=True)]:
            for connection in member.net_connections(kind="inet"):
                if connection.status == psutil.CONN_LISTEN:
                    assert connection.laddr.ip in ("127.0.0.1", "::1"), (server["server"], connection.laddr)


def test_the_schedules_are_deployed_with_their_time_zone(home: Path) -> None:
    settings = load_settings(home)
    url = f"http://127.0.0.1:{settings.servers.prefect_port}/api/deployments/filter"
    deployments = {each["name"]: each for each in httpx.post(url, json={}, trust_env=False).json()}
    assert set(deployments) == {
        "nightly-fetch",
        "nightly",
        "weekly-out",
        "weekly-in",
        "monthly",
        "on-demand",
        "data-efficiency",
        "approval",
    }
    for name in ("nightly-fetch", "nightly", "weekly-out", "weekly-in", "monthly"):
        (schedule,) = deployments[name]["schedules"]
        assert schedule["schedule"]["timezone"] == "Europe/Berlin"
        assert schedule["active"]


def test_the_pages_answer(home: Path) -> None:
    settings = load_settings(home)
    for port in (settings.servers.prefect_port, settings.servers.mlflow_port):
        page = httpx.get(f"http://127.0.0.1:{port}/", trust_env=False, follow_redirects=True)
        assert page.status_code == 200
        assert "<html" in page.text.lower()


def test_a_service_without_a_champion_says_so_and_asks_for_its_token(home: Path) -> None:
    settings = load_settings(home)
    url = f"http://127.0.0.1:{settings.serving.port}"
    assert httpx.get(f"{url}/health", trust_env=False).json()["ready"] is False
    assert httpx.post(f"{url}/predict", content=b"x", trust_env=False).status_code == 401


def test_up_again_changes_nothing(home: Path) -> None:
    before = radloop_json("status", home=home, timeout=600)
    radloop_json("up", home=home, timeout=600)
    assert radloop_json("status", home=home, timeout=600) == before

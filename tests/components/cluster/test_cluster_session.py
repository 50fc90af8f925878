"""Holds: a Ray of one machine listens on loopback alone, and knows what it has room for."""

import subprocess
import sys

import pytest

_PROGRAM = """
import psutil
from components.cluster import blind_nodes, most_cores, ray_session, room

with ray_session(cpus=3):
    import ray

    ray.get(ray.remote(lambda: None).remote())
    found = [
        connection.laddr.ip
        for process in (psutil.Process(), *psutil.Process().children(recursive=True))
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    ]
    assert found and {address.removeprefix("::ffff:") for address in found} == {"127.0.0.1"}, found
    assert (most_cores(), room({"CPU": 1.0}), room({"CPU": 2.0}), room({"CPU": 4.0})) == (3, 3, 1, 0)
    assert room({"CPU": 1.0, "GPU": 1.0}) == 0
    assert blind_nodes([]) == {}
"""


@pytest.mark.slow
def test_a_local_ray_listens_on_loopback_alone() -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": "."}
    done = subprocess.run(
        [sys.executable, "-c", _PROGRAM], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr

"""A Ray cluster of several nodes on this machine, each with an address of its own, that can be killed one by one."""

import os
import secrets
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray_runs

from components.cluster import room

_HEAD, _STORE_BYTES = "127.0.0.2", 100 << 20
_SOON_NOTICED = {
    "health_check_initial_delay_ms": 1000,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 5000,
    "health_check_failure_threshold": 5,
}


class Nodes:
    """What the tests do with the cluster."""

    def __init__(self, cluster: Any) -> None:
        self._cluster = cluster

    def kill_worker(self) -> None:
        """Ends one of the processes that train."""
        os.kill(ray_runs.training_workers(psutil.Process())[0].pid, signal.SIGKILL)

    def kill_node(self) -> None:
        """Ends all processes of one node that trains, as when its power fails."""
        _end(next(raylet for raylet in self._raylets() if ray_runs.training_workers(raylet)))

    def keep(self, number: int) -> None:
        """Ends nodes until so many are left, and waits until Ray knows."""
        for raylet in self._raylets()[number:]:
            _end(raylet)
        while room({"CPU": 1.0}) > number:
            time.sleep(0.1)

    def _raylets(self) -> list[psutil.Process]:
        """The process that is the head of each node that is left."""
        processes = (node.all_processes["raylet"][0].process for node in self._cluster.worker_nodes)
        return [psutil.Process(process.pid) for process in processes if process.poll() is None]


def _end(raylet: psutil.Process) -> None:
    for process in [raylet, *raylet.children(recursive=True)]:
        os.kill(process.pid, signal.SIGKILL)


@contextmanager
def nodes(working: int) -> Iterator[Nodes]:
    """A head that takes no work and so many nodes of one core; RAY_ADDRESS leads there, by token."""
    os.environ.setdefault("RAY_AUTH_MODE", "token")  # not undone: Ray reads them once in a process
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    from ray.cluster_utils import Cluster

    Path("/tmp/ray").mkdir(exist_ok=True)  # noqa: S108  where Cluster notes its address
    common = {"include_dashboard": False, "object_store_memory": _STORE_BYTES}
    cluster = Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 0, "node_ip_address": _HEAD, "_system_config": _SOON_NOTICED, **common},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", cluster.address)
        try:
            for number in range(working):
                cluster.add_node(num_cpus=1, node_ip_address=f"127.0.0.{number + 3}", wait=False, **common)
            cluster.wait_for_nodes(120)
            yield Nodes(cluster)
        finally:
            cluster.shutdown()

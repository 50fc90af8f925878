"""One Ray for everything that this process gives to other processes."""

import logging
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from components.errors import ServerError
from components.settings import go_offline

_LOOPBACK = "127.0.0.1"
_LOOPBACK_BY_ANOTHER_NAME = "127.0.0.2"  # where Ray takes 127.0.0.1 for "find my outside address"
_OBJECT_STORE_BYTES = 200 * 2**20  # a training reads pictures from its snapshot, so little passes through it
_LONGEST_FOLDER = 40  # a Unix socket's path has at most 107 characters, and Ray adds about 65
_ENVIRONMENT = {
    "RAY_TRAIN_HEALTH_CHECK_INTERVAL_S": "0.25",  # how often a report is fetched; the default of 2 s holds epochs up
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "20",  # for room that a lost node took along; then it is counted anew
    "RAY_TRAIN_METRICS_ENABLED": "0",  # Prometheus metrics that nothing reads
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".",  # words on lost workers for stdout, where `--json` prints one document
}
_ENVIRONMENT_ALONE = {
    "RAY_TRAIN_ENABLE_PREEMPTION_WATCHER": "0",  # one process less to start; no spot machines here
    # Ray's name for "one machine is all": only so do all its processes listen on loopback and nowhere else.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
}


@contextmanager
def ray_session(*, cpus: int | None = None, object_store_bytes: int = _OBJECT_STORE_BYTES) -> Iterator[None]:
    """Ray while the block lasts: the one that runs already, or RAY_ADDRESS's cluster, or a new one on loopback.

    Args:
        cpus: how many a new local one may use; default all.
        object_store_bytes: shared memory of a new local one, for what passes between processes.

    Raises:
        ServerError: Ray does not start, or the cluster does not answer.
    """
    _environment()
    import ray

    if ray.is_initialized():
        yield
        return
    folder = _short_folder()
    try:
        _start(folder, cpus, object_store_bytes)
        yield
    finally:
        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path, cpus: int | None, object_store_bytes: int) -> None:
    import ray

    try:
        if "RAY_ADDRESS" in os.environ:
            ray.init(log_to_driver=False, logging_level=logging.ERROR)
            return
        ray.init(
            address="local",
            num_cpus=cpus,
            object_store_memory=object_store_bytes,
            _node_ip_address=_own_address(),
            _temp_dir=str(folder),
            include_dashboard=False,
            log_to_driver=False,
            logging_level=logging.ERROR,
        )
    except (OSError, RuntimeError, ValueError, ConnectionError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ServerError(f"Ray does not start or does not answer: {reason}") from None


def _own_address() -> str:
    """Loopback as Ray understands it; a process that knew a cluster before has Ray listen everywhere, by token."""
    import ray

    address: str = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    return _LOOPBACK if address == _LOOPBACK else _LOOPBACK_BY_ANOTHER_NAME


def _environment() -> None:
    """Sets what Ray reads when it is imported; what the operator set is left alone.

    The token is one that only this process and its workers know: without it Ray keeps its own in the user's home.
    """
    go_offline()
    for name, value in (_ENVIRONMENT if "RAY_ADDRESS" in os.environ else _ENVIRONMENT | _ENVIRONMENT_ALONE).items():
        os.environ.setdefault(name, value)
    if "ray" not in sys.modules and not any(name.startswith(("RAY_AUTH_", "RAY_ADDRESS")) for name in os.environ):
        os.environ["RAY_AUTH_MODE"] = "token"
        os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)


def _short_folder() -> Path:
    """A new folder for Ray's sockets and logs."""
    usual = tempfile.gettempdir()
    parent = usual if len(usual) <= _LONGEST_FOLDER else "/tmp"  # noqa: S108  mkdtemp makes an unguessable one
    return Path(tempfile.mkdtemp(prefix="ray-", dir=parent))

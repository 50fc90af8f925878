"""What the nodes of Ray's cluster have and see; asked inside a `ray_session`."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from components.errors import ServerError

_LONGEST_S = 60  # a node that says nothing for so long is not one to train on
_LOOKED_AT = 1 << 20  # bytes of a file: enough to tell two files of one name apart

Look = tuple[int, str]  # size and hash of a file's beginning


def room(resources: Mapping[str, float]) -> int:
    """How many workers with these resources each (CPU, GPU) the cluster's nodes hold when nothing else runs there."""
    return sum(
        int(min(node["Resources"].get(name, 0) // amount for name, amount in resources.items())) for node in _working()
    )


def most_cores() -> int:
    """CPU cores of the largest node."""
    return max((int(node["Resources"].get("CPU", 0)) for node in _working()), default=0)


def blind_nodes(files: Sequence[Path]) -> dict[str, Path]:
    """Address of each node that does not see all of the files as this process does → the first that it does not.

    Raises:
        ServerError: a node cannot run radloop.
    """
    import ray
    from ray.exceptions import GetTimeoutError, RayError, RayTaskError

    ours = _looks(files)
    blind = {}
    for address, answer in _asked(files).items():
        try:
            theirs: list[Look | None] = ray.get(answer, timeout=_LONGEST_S)
        except GetTimeoutError:
            raise ServerError(f"Ray's node {address} does not answer: take it out of the cluster.") from None
        except RayTaskError as error:
            raise ServerError(
                f"Ray's node {address} cannot run radloop ({type(error.cause).__name__}): install the same version on"
                " every node."
            ) from None
        except RayError:
            continue  # it was lost meanwhile: nothing will run there
        different = (file for file, our, their in zip(files, ours, theirs, strict=True) if our != their)
        if (first := next(different, None)) is not None:
            blind[address] = first
    return blind


def _asked(files: Sequence[Path]) -> dict[str, Any]:
    """Address of every other node → its answer to come."""
    import ray
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    here = ray.get_runtime_context().get_node_id()
    look: Any = ray.remote(num_cpus=0, max_retries=0)(_looks)
    return {
        node["NodeManagerAddress"]: look.options(
            scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
        ).remote(files)
        for node in _working()
        if node["NodeID"] != here
    }


def _looks(files: Sequence[Path]) -> list[Look | None]:
    """What each file looks like from here; None where there is none."""
    return [_look(file) for file in files]


def _look(file: Path) -> Look | None:
    try:
        with file.open("rb") as stream:
            return file.stat().st_size, hashlib.sha256(stream.read(_LOOKED_AT)).hexdigest()
    except OSError:
        return None


def _working() -> list[dict[str, Any]]:
    """The nodes that take work: alive, with a CPU core or more."""
    import ray

    nodes: list[dict[str, Any]] = ray.nodes()  # type: ignore[no-untyped-call]
    return [node for node in nodes if node["Alive"] and node["Resources"].get("CPU", 0) > 0]

"""The workers of one Ray Train run as a torch.distributed group, listening where the cluster does and only there."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psutil
import ray.train
import ray.util
import torch
from ray.train.collective import broadcast_from_rank_zero
from torch import distributed
from torch.distributed import TCPStore  # type: ignore[attr-defined]  # torch's door does not list it

_LOOPBACK, _LOOPBACKS = "127.0.0.1", "127."
_LONGEST = timedelta(minutes=10)  # a peer is silent while it writes a checkpoint; Ray tells of one that died


@contextmanager
def grouped(device: torch.device) -> Iterator[None]:
    """This Ray worker in a group with all others while the block lasts; no group where it is the only one."""
    context = ray.train.get_context()
    rank, size = context.get_world_rank(), context.get_world_size()
    if size == 1:
        yield
        return
    address = ray.util.get_node_ip_address()  # type: ignore[no-untyped-call]
    _keep_to(_interface(address))
    distributed.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        store=_meeting_point(address, rank, size),
        rank=rank,
        world_size=size,
        timeout=_LONGEST,
    )
    yield
    distributed.destroy_process_group()  # not after an error: it would wait for those that Ray is about to end


def _meeting_point(address: str, rank: int, size: int) -> TCPStore:
    """Where the workers learn of each other: at the first one."""
    listener = socket.create_server((address, 0)) if rank == 0 else None
    host, port = broadcast_from_rank_zero(None if listener is None else listener.getsockname()[:2])
    return TCPStore(
        host,
        port,
        size,
        is_master=rank == 0,
        timeout=_LONGEST,
        wait_for_workers=False,
        master_listen_fd=None if listener is None else listener.detach(),
    )


def _interface(address: str) -> str | None:
    """The network interface with this address; None where it is not one of this machine's."""
    wanted = _LOOPBACK if address.startswith(_LOOPBACKS) else address
    known = {one.address: name for name, addresses in psutil.net_if_addrs().items() for one in addresses}
    return known.get(wanted)


def _keep_to(interface: str | None) -> None:
    """By themselves Gloo and NCCL go by the machine's name, wherever that leads."""
    if interface is not None:
        os.environ.setdefault("GLOO_SOCKET_IFNAME", interface)
        os.environ.setdefault("NCCL_SOCKET_IFNAME", f"={interface}")

"""Work in other processes, of this machine or a cluster: the Ray session, and a function run over many things."""

from components.cluster._in_order import Lost, in_order
from components.cluster._session import ray_session

__all__ = ["Lost", "in_order", "ray_session"]

"""Work in other processes, of this machine or a cluster: the Ray session, its nodes, a function over many things."""

from components.cluster._in_order import Lost, in_order
from components.cluster._nodes import blind_nodes, most_cores, room
from components.cluster._session import ray_session

__all__ = ["Lost", "blind_nodes", "in_order", "most_cores", "ray_session", "room"]

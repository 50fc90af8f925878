"""The workers of one training: one process alone, or the processes of a torch.distributed group."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import torch
from torch import distributed


@dataclass(frozen=True)
class Together:
    """This worker's number among all of them.

    All hold the same weights, walk through the same batches in the same order, and each takes its share of a batch:
    what they add up is what one alone would have got, so that a training goes on with any number of workers.
    """

    rank: int = 0
    size: int = 1

    @classmethod
    def here(cls) -> Self:
        """The group that this process was put into (Ray Train does that), or this process alone."""
        if not (distributed.is_available() and distributed.is_initialized()):
            return cls()
        return cls(rank=distributed.get_rank(), size=distributed.get_world_size())

    def share(self, rows: torch.Tensor) -> torch.Tensor:
        """This worker's part of a batch's rows: every size-th one."""
        return rows[self.rank :: self.size]

    def add(self, tensors: Iterable[torch.Tensor]) -> None:
        """Replaces each tensor (all of one dtype and device) by its sum over the workers, in one message."""
        if self.size == 1:
            return
        parts = list(tensors)
        bucket = torch.cat([part.flatten() for part in parts])
        distributed.all_reduce(bucket)
        for part, total in zip(parts, torch.split(bucket, [part.numel() for part in parts]), strict=True):
            part.copy_(total.view_as(part))

    def gather(self, part: torch.Tensor, rows: int) -> torch.Tensor:
        """The workers' shares of `rows` rows, put together in the order before `share`; no gradient goes through."""
        if self.size == 1:
            return part.detach()
        whole = torch.zeros((rows, *part.shape[1:]), dtype=part.dtype, device=part.device)
        self.share(whole).copy_(part.detach())
        distributed.all_reduce(whole)
        return whole

"""A moving average of a network's weights: what is validated and kept in its place."""

import copy

import torch
from torch import nn

_STEPS_AT_FIRST = 10


class Average:
    """A second network whose weights follow the first's; for evaluation only.

    Batch norm's averages are the first's: they move by themselves, and older ones are of pictures of another size where
    these grow.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.network = copy.deepcopy(network).eval().requires_grad_(False)
        self._decay = decay

    @torch.no_grad()
    def follow(self, network: nn.Module, step: int) -> None:
        """Takes in the network after its step number `step`, counted from 0; at first faster than the decay says."""
        share = 1 - min(self._decay, (1 + step) / (_STEPS_AT_FIRST + step))
        ours, theirs = self.network.state_dict(), network.state_dict()
        moving = [name for name, _ in self.network.named_parameters()]
        torch._foreach_lerp_([ours[name] for name in moving], [theirs[name] for name in moving], share)
        for name in ours.keys() - moving:
            ours[name].copy_(theirs[name])

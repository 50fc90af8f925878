"""Where the pictures of one side are while they are trained on: on the device, or streaming to it from the disk."""

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

import numpy as np
import psutil
import torch
from numpy.typing import NDArray

from components.datasets import Pixels

_AHEAD = 2  # batches read while one is trained on
_SHARE = 4  # a side may take one in so many bytes of the memory
_MEBIBYTE = 2**20


class Pictures(Protocol):
    """A side's pictures."""

    def batches(self, wanted: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """For each of `wanted` (int64 [B] on the CPU, numbers of pictures), uint8 [B, H, W] on the device."""
        ...


class Resident:
    """All of them on the device."""

    def __init__(self, pixels: Pixels, rows: NDArray[np.int64], device: torch.device) -> None:
        self._device = device
        self._images = torch.from_numpy(pixels[rows]).to(device)

    def batches(self, wanted: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """See `Pictures`."""
        for numbers in wanted:
            yield self._images[numbers.to(self._device)]


class Streamed:
    """Read from the memory-mapped shards by a thread that is ahead, and sent through pinned memory."""

    def __init__(self, pixels: Pixels, rows: NDArray[np.int64], device: torch.device) -> None:
        self._device = device
        self._pixels = pixels
        self._rows = rows

    def batches(self, wanted: Iterable[torch.Tensor]) -> Iterator[torch.Tensor]:
        """See `Pictures`."""
        coming: deque[Future[torch.Tensor]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="pictures") as reader:
            for numbers in wanted:
                coming.append(reader.submit(self._read, numbers))
                if len(coming) > _AHEAD:
                    yield self._sent(coming.popleft().result())
            while coming:
                yield self._sent(coming.popleft().result())

    def _read(self, numbers: torch.Tensor) -> torch.Tensor:
        block = torch.from_numpy(self._pixels[self._rows[numbers.numpy()]])
        return block.pin_memory() if self._device.type == "cuda" else block

    def _sent(self, block: torch.Tensor) -> torch.Tensor:
        return block.to(self._device, non_blocking=True)


def hold(pixels: Pixels, rows: NDArray[np.int64], *, device: torch.device, limit_mb: int | None) -> Pictures:
    """The pictures of these rows; on the device where they take up at most so many MiB, else streaming.

    A limit of None is a quarter of the device's memory.
    """
    limit = _memory(device) // _SHARE if limit_mb is None else limit_mb * _MEBIBYTE
    fits = len(rows) * int(np.prod(pixels.shape[1:])) <= limit
    return (Resident if fits else Streamed)(pixels, rows, device)


def _memory(device: torch.device) -> int:
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[1])
    return int(psutil.virtual_memory().total)

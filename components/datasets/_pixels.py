"""A snapshot's pictures: several shard files read as one array."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

Rows = int | slice | Sequence[int] | NDArray[np.integer] | NDArray[np.bool_]


class Pixels:
    """Uint8 [N, H, W], air dark, 0..255, read from the shard files only where it is indexed.

    Takes a row number, a slice, row numbers or a mask, and gives an array as numpy would.
    """

    dtype = np.dtype(np.uint8)
    ndim = 3

    def __init__(self, files: Sequence[Path]) -> None:
        self._shards = [np.load(file, mmap_mode="r", allow_pickle=False) for file in files]
        self._starts = np.cumsum([0, *(len(shard) for shard in self._shards)])

    @property
    def shape(self) -> tuple[int, int, int]:
        """(N, H, W)."""
        height, width = self._shards[0].shape[1:]
        return len(self), height, width

    def __len__(self) -> int:
        return int(self._starts[-1])

    def __getitem__(self, rows: Rows) -> NDArray[np.uint8]:
        if isinstance(rows, int | np.integer):
            return np.asarray(self._gather(np.arange(len(self))[rows][np.newaxis])[0])
        return self._gather(np.arange(len(self))[rows])

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self[:], dtype=dtype)

    def _gather(self, rows: NDArray[np.int_]) -> NDArray[np.uint8]:
        result = np.empty((len(rows), *self.shape[1:]), dtype=np.uint8)
        shard_of = np.searchsorted(self._starts, rows, side="right") - 1
        for number in np.unique(shard_of):
            here = shard_of == number
            result[here] = self._shards[number][rows[here] - self._starts[number]]
        return result

"""One side of a snapshot, in memory on the device where it is used."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch

from components.catalog import Side
from components.datasets import Snapshot
from components.findings import FINDINGS


@dataclass(frozen=True, kw_only=True)
class Resident:
    """The side's frontal images: uint8 [N, H, W]; targets, weights float32 [N, 14]; truth with NaN for uncertain."""

    images: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    truth: torch.Tensor

    @classmethod
    def of(cls, snapshot: Snapshot, side: Side, device: torch.device) -> Self:
        """The side of the snapshot."""
        rows = snapshot.rows(side)
        return cls(
            images=torch.from_numpy(snapshot.pixels[rows["row"].to_numpy()]).to(device),
            targets=_columns(rows, "target").to(device),
            weights=_columns(rows, "weight").to(device),
            truth=torch.from_numpy(snapshot.truth(side).loc[rows["study"]].to_numpy(dtype=np.float32, copy=True)),
        )

    def __len__(self) -> int:
        return len(self.images)


def _columns(rows: pd.DataFrame, kind: str) -> torch.Tensor:
    values = rows[[f"{kind}_{finding.value}" for finding in FINDINGS]].to_numpy(dtype=np.float32, copy=True)
    return torch.from_numpy(values)

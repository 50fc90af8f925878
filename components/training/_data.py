"""One side of a snapshot as a network is shown it: cases, their pictures and what is known of them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from components import labels
from components.catalog import Side
from components.datasets import Snapshot
from components.findings import FINDINGS, Assertion, Finding
from components.training._pictures import Pictures, hold

NORMAL, ABNORMAL, UNSURE = 0, 1, -1
_NO_DISEASE = (Finding.SUPPORT_DEVICES, Finding.NO_FINDING)
_DISEASES = [f"label_{finding.value}" for finding in FINDINGS if finding not in _NO_DISEASE]


@dataclass(frozen=True, kw_only=True)
class Cases:
    """The side's N frontal images, each with the lateral of its study where there is one.

    pictures: frontal and lateral images. frontal, lateral: int64 [N] on the CPU, numbers among the pictures; -1 where
    there is no lateral. targets, weights: float32 [N, 14] on the device. truth: float32 [N, 14] on the CPU, NaN for
    uncertain. abnormality: int64 [N] on the device: 0 normal, 1 abnormal, -1 unsure.
    """

    pictures: Pictures
    frontal: torch.Tensor
    lateral: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    truth: torch.Tensor
    abnormality: torch.Tensor

    @classmethod
    def of(cls, snapshot: Snapshot, side: Side, *, laterals: bool, device: torch.device, limit_mb: int | None) -> Self:
        """The side of the snapshot; laterals only where they are wanted."""
        cases = snapshot.cases(side)
        frontal = cases["row"].to_numpy()
        lateral = cases["lateral"].to_numpy() if laterals else np.full(len(cases), -1)
        rows = np.unique(np.concatenate([frontal, lateral[lateral >= 0]]))
        return cls(
            pictures=hold(snapshot.pixels, rows, device=device, limit_mb=limit_mb),
            frontal=torch.from_numpy(np.searchsorted(rows, frontal)),
            lateral=torch.from_numpy(np.where(lateral < 0, -1, np.searchsorted(rows, lateral))),
            targets=_columns(cases, "target").to(device),
            weights=_columns(cases, "weight").to(device),
            truth=torch.from_numpy(snapshot.truth(side).loc[cases["study"]].to_numpy(dtype=np.float32, copy=True)),
            abnormality=torch.from_numpy(abnormality(cases)).to(device),
        )

    def __len__(self) -> int:
        return len(self.frontal)

    def numbers(self, view: str, rows: torch.Tensor) -> torch.Tensor:
        """The numbers of the cases' pictures of one view, int64 on the CPU."""
        of_view: torch.Tensor = self.lateral if view == "lateral" else self.frontal
        return of_view[rows]


def abnormality(cases: pd.DataFrame) -> NDArray[np.int64]:
    """What a report says of each image as a whole: int64 [N], 0 normal, 1 abnormal, -1 unsure.

    Abnormal where any finding but support devices is present, or No Finding is denied while nothing is uncertain;
    unsure where the most that is said is uncertain (Sellergren et al. 2022 leave these out) or a dataset has no word
    for normal.
    """
    codes = cases[_DISEASES].to_numpy()
    no_finding = cases[f"label_{Finding.NO_FINDING.value}"].to_numpy()
    present = (codes == labels.CODES[Assertion.PRESENT]).any(axis=1)
    uncertain = (codes == labels.CODES[Assertion.UNCERTAIN]).any(axis=1)
    uncertain |= np.isin(no_finding, [labels.CODES[Assertion.UNCERTAIN], labels.UNLABELLED])
    denied = no_finding == labels.CODES[Assertion.ABSENT]
    said = np.select([present, uncertain, denied], [ABNORMAL, UNSURE, ABNORMAL], NORMAL)
    return said.astype(np.int64)


def _columns(cases: pd.DataFrame, kind: str) -> torch.Tensor:
    values = cases[[f"{kind}_{finding.value}" for finding in FINDINGS]].to_numpy(dtype=np.float32, copy=True)
    return torch.from_numpy(values)

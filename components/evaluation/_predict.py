"""What a model says of a snapshot's studies."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from components.findings import FINDINGS

if TYPE_CHECKING:
    from components.catalog import Side
    from components.datasets import Snapshot
    from components.models import SoloNet


def predict(
    model: "SoloNet",
    snapshot: "Snapshot",
    side: "Side",
    *,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Probabilities for each study of one side that has a frontal image: the mean over its frontal images.

    Returns:
        Index study, the 14 findings as columns, float64 0..1, sorted by study.
    """
    rows = snapshot.rows(side, frontal=True)
    chosen = rows["row"].to_numpy(dtype=np.int64)
    parts = []
    for start in range(0, len(chosen), batch_size):
        batch = chosen[start : start + batch_size]
        parts.append(_probabilities(model, np.asarray(snapshot.pixels[batch])))
        if progress is not None:
            progress(min(start + batch_size, len(chosen)), len(chosen))
    columns = [finding.value for finding in FINDINGS]
    values = np.concatenate(parts) if parts else np.empty((0, len(columns)))
    table = pd.DataFrame(values, columns=columns)
    table["study"] = rows["study"].to_numpy()
    return table.groupby("study", sort=True)[columns].mean()


def _probabilities(model: "SoloNet", images: np.ndarray) -> np.ndarray:
    """Float64 [B, 14] for uint8 [B, H, W], on the model's own device."""
    import torch

    from components.models import prepare

    model.eval()
    device = next(model.parameters()).device
    with torch.inference_mode():
        inputs = prepare(torch.from_numpy(images).to(device), model.config.image_size)
        return np.asarray(model.probabilities(inputs).double().cpu().numpy())

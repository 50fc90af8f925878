"""What a model says of a snapshot's studies."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.findings import FINDINGS

if TYPE_CHECKING:
    from components.catalog import Side
    from components.datasets import Snapshot
    from components.models import StudyNet


def predict(
    model: "StudyNet",
    snapshot: "Snapshot",
    side: "Side",
    *,
    batch_size: int = 64,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Probabilities for each study of one side that has a frontal image: the mean over its frontal images.

    A study with a lateral image is judged by both views where the model has a DuoNet.

    Returns:
        Index study, the 14 findings as columns, float64 0..1, sorted by study.
    """
    from components.models import for_inference, kept_memory

    cases, model = snapshot.cases(side), for_inference(model)
    values = np.empty((len(cases), len(FINDINGS)))
    done = 0
    with kept_memory():
        for batch in _batches(cases, batch_size, pairs=model.duo is not None):
            chosen = cases.iloc[batch]
            laterals = chosen["lateral"].to_numpy()
            values[batch] = probabilities(
                model,
                snapshot.pixels[chosen["row"].to_numpy()],
                snapshot.pixels[laterals] if model.duo is not None and laterals[0] >= 0 else None,
            )
            done += len(batch)
            if progress is not None:
                progress(done, len(cases))
    columns = [finding.value for finding in FINDINGS]
    table = pd.DataFrame(values, columns=columns).assign(study=cases["study"].to_numpy())
    return table.groupby("study", sort=True)[columns].mean()


def probabilities(
    model: "StudyNet", frontal: NDArray[np.uint8], lateral: NDArray[np.uint8] | None = None
) -> NDArray[np.float64]:
    """The 14 probabilities of some studies, [B, 14] 0..1, on the model's own device.

    Args:
        model: in eval mode.
        frontal: uint8 [B, H, W], air dark.
        lateral: the same studies' lateral images; None where they have none.
    """
    import torch

    from components.models import prepare

    device = next(model.parameters()).device

    def inputs(images: NDArray[np.uint8]) -> "torch.Tensor":
        return prepare(torch.from_numpy(images).to(device), model.config.image_size)

    with torch.inference_mode():
        given = model.probabilities(inputs(frontal), None if lateral is None else inputs(lateral))
        return np.asarray(given.double().cpu().numpy())


def _batches(cases: pd.DataFrame, size: int, *, pairs: bool) -> Iterator[NDArray[np.intp]]:
    """Positions in `cases`, at most `size` at a time: those with a lateral apart from those without."""
    paired = (cases["lateral"].to_numpy() >= 0) & pairs
    for group in (np.flatnonzero(~paired), np.flatnonzero(paired)):
        yield from (group[start : start + size] for start in range(0, len(group), size))

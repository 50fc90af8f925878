"""Whether a DuoNet earns its place: the validation studies with two views, judged by both and by the frontal alone."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from components.evaluation._delong import area
from components.evaluation._predict import predict

if TYPE_CHECKING:
    from components.datasets import Snapshot
    from components.models import StudyNet


@dataclass(frozen=True, kw_only=True)
class ViewsTrial:
    """SoloNet (frontal alone) and DuoNet (both views) on the same studies; mean AUCs over the labels with both classes.

    NaN where no label has both.
    """

    studies: int
    solo_auc: float
    duo_auc: float

    @property
    def duo_is_worth_it(self) -> bool:
        """With few local laterals it is not: SoloNet then judges the frontal images of these studies too."""
        return self.duo_auc >= self.solo_auc


def judge_views(model: "StudyNet", snapshot: "Snapshot") -> ViewsTrial | None:
    """Both networks on the validation studies that have a lateral image; None where the model has no DuoNet."""
    from components.catalog import Side

    if model.duo is None:
        return None
    cases = snapshot.cases(Side.VALIDATION)
    studies = cases.loc[cases["lateral"] >= 0, "study"].unique()
    truth = snapshot.truth(Side.VALIDATION).loc[studies]
    together = predict(model, snapshot, Side.VALIDATION).loc[studies]
    duo, model.duo = model.duo, None
    try:
        alone = predict(model, snapshot, Side.VALIDATION).loc[studies]
    finally:
        model.duo = duo
    return ViewsTrial(studies=len(studies), solo_auc=_mean_auc(truth, alone), duo_auc=_mean_auc(truth, together))


def _mean_auc(truth: pd.DataFrame, scores: pd.DataFrame) -> float:
    areas = []
    for label in truth:
        known = truth[label].notna().to_numpy()
        areas.append(area(truth[label].to_numpy()[known] == 1, scores[label].to_numpy(dtype=np.float64)[known]).auc)
    defined = [value for value in areas if not np.isnan(value)]
    return float(np.mean(defined)) if defined else float("nan")

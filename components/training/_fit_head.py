"""A small head for one finding from few labels, on embeddings that are there already (Sellergren et al. 2022)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from components.catalog import Side
from components.errors import TrainingError
from components.models import HeadKind
from components.settings import Strategy
from components.training._embed import Rows
from components.training._finding_head import Head, HeadConfig, SideCount
from components.training._heads import Fitted, fit
from components.training._run import own_torch
from components.training._trials import Trial, judge

_KINDS = {Strategy.LINEAR: HeadKind.LINEAR, Strategy.NONLINEAR: HeadKind.NONLINEAR}
_MOST_FOLDS, _FEWEST_FOLDS = 5, 2
_DROPOUT = 0.2
_THREADS = 1  # the matrices are small: more threads would only wait for each other

Bools = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where the embeddings come from: site, registry version and the digest of its backbones."""

    site: str
    model_version: str
    backbones: str


@dataclass(frozen=True, kw_only=True)
class FittedHead:
    """A head, the kinds that competed for it, and what was said of studies that it had not learned from.

    unseen: index study, columns present and probability, of the studies that chose kind and strength; folds: in how
    many parts they were learned from and judged in turn, 1 where the validation patients alone judged.
    """

    head: Head
    trials: tuple[Trial, ...]
    unseen: pd.DataFrame
    folds: int


def fit_head(  # noqa: PLR0913  what is learned from, and how
    finding: str,
    images: pd.DataFrame,
    features: NDArray[np.float32],
    *,
    source: Source,
    min_positives: int,
    seed: int,
    now: datetime,
) -> FittedHead:
    """Linear and non-linear heads for a finding; the simpler one unless the other is clearly better.

    Learned from are the training patients, and the validation patients choose kind and strength. Where these hold
    fewer than `min_positives` studies with (or without) the finding, both sides together are learned from and judged
    in turn, patient by patient. The locked patients are not looked at.

    Args:
        finding: name of what the head answers.
        images: one row an embedded frontal image of a labelled study: study, patient, side ("train", "validation",
            "test") and present (bool).
        features: float32 [N, D], of each row.
        source: of the features.
        min_positives: see above.
        seed: of the folds, the non-linear head's start and the bootstrap.
        now: goes into the head's record.

    Raises:
        TrainingError: fewer than two patients with, or without, the finding to learn from.
    """
    learnable = (images["side"] != Side.TEST.value).to_numpy()
    known, rows = images[learnable], _rows(images[learnable], features[learnable])
    fold, folds = _folds(finding, known, min_positives=min_positives, seed=seed)
    with own_torch(_THREADS):
        made = {way: _fit(kind, rows, fold, folds, seed) for way, kind in _KINDS.items()}
    unseen = {way: _by_study(known, fold, fitted.said) for way, fitted in made.items()}
    trials = _trials(unseen, known, seed)
    chosen = next(trial for trial in trials if trial.chosen)
    config = HeadConfig(
        finding=finding,
        site=source.site,
        kind=_KINDS[chosen.strategy],
        width=features.shape[1],
        backbones=source.backbones,
        model_version=source.model_version,
        threshold=_threshold(unseen[chosen.strategy]),
        learned_from=_counts(known),
        validation_auc=None if np.isnan(chosen.validation_auc) else chosen.validation_auc,
        created=now,
    )
    head = Head(config, made[chosen.strategy].weights)
    return FittedHead(head=head, trials=trials, unseen=unseen[chosen.strategy], folds=folds)


def _trials(unseen: Mapping[Strategy, pd.DataFrame], known: pd.DataFrame, seed: int) -> tuple[Trial, ...]:
    """Both kinds as the studies judged them that they had not learned from."""
    truth = next(iter(unseen.values()))[["present"]].astype("float64")
    patients = known.drop_duplicates("study").set_index("study")["patient"]
    answers = {way: said[["probability"]].set_axis(["present"], axis=1) for way, said in unseen.items()}
    return judge(truth, answers, patients, seed=seed)


def answers_of(head: Head, images: pd.DataFrame, features: NDArray[np.float32]) -> pd.DataFrame:
    """What the head says of labelled studies: index study, columns patient, present and probability, the mean over
    the study's frontal images."""
    said = images.assign(probability=head.probabilities(features) if len(images) else [])
    return said.groupby("study", sort=True).agg({"patient": "first", "present": "first", "probability": "mean"})


def _rows(images: pd.DataFrame, features: NDArray[np.float32]) -> Rows:
    targets = torch.from_numpy(images["present"].to_numpy(dtype=np.float32, copy=True))[:, None]
    return Rows(features=torch.from_numpy(features), targets=targets, weights=torch.ones_like(targets))


def _folds(finding: str, known: pd.DataFrame, *, min_positives: int, seed: int) -> tuple[NDArray[np.int64], int]:
    """The fold that judges each row, and how many there are; -1 for rows that are only learned from (one fold)."""
    validation = (known["side"] == Side.VALIDATION.value).to_numpy()
    studies = known.drop_duplicates("study")
    judging = studies.loc[studies["side"] == Side.VALIDATION.value, "present"]
    learning = studies.loc[studies["side"] == Side.TRAIN.value, "present"]
    if min(judging.sum(), (~judging).sum()) >= min_positives and learning.nunique() > 1:
        return np.where(validation, 0, -1), 1
    of_patient = known.groupby("patient")["present"].any()
    classes = [of_patient.index[of_patient == present].to_numpy() for present in (True, False)]
    folds = min(_MOST_FOLDS, *(len(patients) for patients in classes))
    if folds < _FEWEST_FOLDS:
        raise TrainingError(
            f"There are {len(classes[0])} patients with {finding} and {len(classes[1])} without to learn from, and 2 of"
            " each are needed: label more studies (the locked patients' do not count)."
        )
    rng = np.random.default_rng(seed)
    fold_of = {
        patient: number % folds for patients in classes for number, patient in enumerate(rng.permutation(patients))
    }
    return known["patient"].map(fold_of).to_numpy(), folds


def _fit(kind: HeadKind, rows: Rows, fold: NDArray[np.int64], folds: int, seed: int) -> Fitted:
    parts = []
    for number in range(folds):
        judges = torch.from_numpy(fold == number)
        parts.append((rows.at(~judges), rows.at(judges)))
    return fit(kind, parts, whole=rows if folds > 1 else None, dropout=_DROPOUT, seed=seed)


def _by_study(known: pd.DataFrame, fold: NDArray[np.int64], said: tuple[torch.Tensor, ...]) -> pd.DataFrame:
    """Index study, columns present and probability, of the studies that were judged."""
    probability = np.full(len(known), np.nan)
    for number, logits in enumerate(said):
        probability[fold == number] = logits[:, 0].sigmoid().double().numpy()
    judged = known.assign(probability=probability)[fold >= 0]
    return judged.groupby("study", sort=True).agg({"present": "first", "probability": "mean"})


def _threshold(unseen: pd.DataFrame) -> float | None:
    """The most sensitive threshold of the largest Youden index; None where only one class was judged."""
    from sklearn.metrics import roc_curve  # slow to import

    if unseen["present"].nunique() < 2:  # noqa: PLR2004  # both classes
        return None
    false_positives, true_positives, thresholds = roc_curve(unseen["present"], unseen["probability"])
    youden = np.round(true_positives - false_positives, 12)
    return float(thresholds[np.flatnonzero(youden == youden.max())[-1]])


def _counts(known: pd.DataFrame) -> Mapping[str, SideCount]:
    return {
        str(side): SideCount(
            studies=int(of_side["study"].nunique()),
            positives=int(of_side.drop_duplicates("study")["present"].sum()),
            patients=int(of_side["patient"].nunique()),
        )
        for side, of_side in known.groupby("side")
    }

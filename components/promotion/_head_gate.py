"""Whether a head for one finding may serve: better than chance on the locked patients, shown and not only seen."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from components.evaluation import Area, Interval, area
from components.promotion._ledger import LedgerEntry, LedgerKind
from components.settings import GateSettings

_CHANCE = 0.5


@dataclass(frozen=True, kw_only=True)
class HeadVerdict:
    """A head on the locked patients: n studies, AUC with its 1 - alpha interval, and whether it may serve and why."""

    n: int
    positives: int
    auc: float
    auc_ci: Interval
    passed: bool
    sentence: str


def head_level(entries: Iterable[LedgerEntry], finding: str, settings: GateSettings) -> float:
    """The level of the next look at the locked patients for this finding.

    The looks of one finding share alpha: the k-th tests at alpha / (k (k + 1)), and all of them add up to alpha,
    however many there are.
    """
    look = 1 + sum(entry.kind is LedgerKind.LOOK and entry.body.get("head") == finding for entry in entries)
    return float(settings.alpha / (look * (look + 1)))


def judge_head(answers: pd.DataFrame, *, level: float, settings: GateSettings) -> HeadVerdict:
    """Passes where the AUC's interval at this level lies above .5, or the scores separate more than chance would.

    Args:
        answers: index study, columns patient, present (bool) and probability, of the locked patients.
        level: of `head_level`.
        settings: alpha of the interval that is told, and how many studies with and without the finding it takes.
    """
    truth = answers["present"].to_numpy(dtype=bool)
    patients = np.unique(answers["patient"].to_numpy(dtype=str), return_inverse=True)[1]
    found = area(truth, answers["probability"].to_numpy(dtype=np.float64), patients)
    passed, sentence = _decided(answers, found, level, settings)
    return HeadVerdict(
        n=truth.size,
        positives=int(truth.sum()),
        auc=found.auc,
        auc_ci=found.interval(settings.alpha),
        passed=passed,
        sentence=sentence,
    )


def _decided(answers: pd.DataFrame, found: Area, level: float, settings: GateSettings) -> tuple[bool, str]:
    positives, negatives = (int((answers["present"] == present).sum()) for present in (True, False))
    if min(positives, negatives) < settings.min_positives:
        return False, (
            f"Not judged: {positives} locked studies with it and {negatives} without, and {settings.min_positives} of "
            "each are needed."
        )
    if found.auc == 1:  # complete separation has no variance, but a chance: one in all ways to draw the patients
        with_it = answers.groupby("patient")["present"].any()
        p = 1 / math.comb(len(with_it), int(with_it.sum()))
        return p < level, f"All locked studies with it score above all without; by chance p = {p:.2g}."
    low = found.interval(level).low
    if np.isnan(low):
        return False, f"Not shown to be better than chance: {found.reason or 'it says the same of all studies'}."
    if low > _CHANCE:
        return True, f"Shown to be better than chance: AUC above {low:.3f} at level {level:.3g}."
    return False, f"Not shown to be better than chance: the AUC may be as low as {low:.3f} at level {level:.3g}."

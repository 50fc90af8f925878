"""The gate's statistics: two models on the same studies."""

import numpy as np
import pandas as pd

from components.evaluation._across_labels import holm, wilcoxon_p
from components.evaluation._bootstrap import cohort_draws, percentile_interval, two_sided_p
from components.evaluation._cohort import Cohort, gather
from components.evaluation._comparison import (
    Comparison,
    LabelComparison,
    LabelVerdict,
    OverallComparison,
)
from components.evaluation._delong import PairedAreas, paired_areas
from components.evaluation._interval import UNDEFINED
from components.evaluation._roc import roc_curve
from components.settings import GateSettings

_NAN = float("nan")


def compare(  # noqa: PLR0913  truth, two models, and how to judge them
    truth: pd.DataFrame,
    scores_a: pd.DataFrame,
    scores_b: pd.DataFrame,
    *,
    patients: pd.Series | None = None,
    settings: GateSettings,
    seed: int,
) -> Comparison:
    """Model b against model a: per label DeLong's paired test, over labels the bootstrap of the mean difference.

    Args:
        truth: index study, a column a label: 1, 0, or NaN where the study is not judged for the label.
        scores_a, scores_b: index study (any order), the same columns, any scale; studies without truth are left out.
        patients: index study → patient; studies of one patient are then taken as dependent.
        settings: alpha, min_positives, bootstrap_draws.
        seed: of the bootstrap.

    Returns:
        Verdicts go by Holm's p over all labels with a defined test. The overall figures are over the labels with
        positives and negatives enough.

    Raises:
        ModelError: scores that are missing (with the count) or not finite.
        ConfigurationError: truth or patients that do not fit.
    """
    cohort = gather(truth, {"A": scores_a, "B": scores_b}, patients)
    pairs = [_paired(cohort, label) for label in range(len(cohort.labels))]
    adjusted = holm([pair.p for pair in pairs])
    labels = tuple(
        _label(cohort, number, pair=pair, holm_p=holm_p, settings=settings)
        for number, (pair, holm_p) in enumerate(zip(pairs, adjusted, strict=True))
    )
    return Comparison(
        labels=labels,
        overall=_overall(cohort, labels, settings=settings, seed=seed),
        studies=len(cohort.truth),
        patients=int(cohort.patients.max()) + 1,
        alpha=settings.alpha,
        min_positives=settings.min_positives,
        seed=seed,
    )


def _paired(cohort: Cohort, label: int) -> PairedAreas:
    judged = cohort.judged(label)
    a, b = (cohort.scores[name][judged.rows, label] for name in ("A", "B"))
    return paired_areas(judged.truth, a, b, judged.patients)


def _label(cohort: Cohort, number: int, *, pair: PairedAreas, holm_p: float, settings: GateSettings) -> LabelComparison:
    judged = cohort.judged(number)
    enough = cohort.enough(number, settings.min_positives)
    curves = [roc_curve(judged.truth, cohort.scores[name][judged.rows, number]) for name in ("A", "B")]
    return LabelComparison(
        label=cohort.labels[number],
        n=judged.truth.size,
        positives=int(judged.truth.sum()),
        auc_a=pair.a.auc,
        auc_a_ci=pair.a.interval(settings.alpha),
        auc_b=pair.b.auc,
        auc_b_ci=pair.b.interval(settings.alpha),
        delta=pair.delta,
        delta_ci=pair.interval(settings.alpha),
        delong_z=pair.z,
        delong_p=pair.p,
        holm_p=holm_p,
        verdict=_verdict(pair.delta, holm_p, enough=enough, alpha=settings.alpha),
        reason=_reasons(pair, enough=enough, min_positives=settings.min_positives),
        roc_a=curves[0],
        roc_b=curves[1],
    )


def _verdict(delta: float, holm_p: float, *, enough: bool, alpha: float) -> LabelVerdict:
    if not enough:
        return LabelVerdict.TOO_FEW
    if not holm_p < alpha:
        return LabelVerdict.NO_DIFFERENCE
    return LabelVerdict.BETTER if delta > 0 else LabelVerdict.WORSE


def _reasons(pair: PairedAreas, *, enough: bool, min_positives: int) -> str | None:
    """Why a figure is undefined or a label not judged; each reason once."""
    reasons = [pair.reason]
    for name, one in (("A", pair.a), ("B", pair.b)):
        if one.reason != pair.reason:
            reasons.append(one.reason and f"{name}: {one.reason}")
    if not enough:
        reasons.append(f"fewer than {min_positives} positives or negatives: not judged")
    return "; ".join(dict.fromkeys(reason for reason in reasons if reason)) or None


def _overall(
    cohort: Cohort, labels: tuple[LabelComparison, ...], *, settings: GateSettings, seed: int
) -> OverallComparison:
    judged = [number for number, label in enumerate(labels) if label.judged]
    if not judged:
        return OverallComparison(
            judged_labels=0, mean_auc_a=_NAN, mean_auc_b=_NAN, delta=_NAN, delta_ci=UNDEFINED, bootstrap_p=_NAN,
            wilcoxon_p=_NAN, draws=0, reason=_nothing_judged(settings),
        )  # fmt: skip
    asked = settings.bootstrap_draws
    draws = cohort_draws(cohort, judged, names=("A", "B"), draws=asked, seed=seed)
    differences = draws[:, 1] - draws[:, 0]
    interval = percentile_interval(differences, settings.alpha, asked=asked)
    enough = not np.isnan(interval.low)
    deltas = [labels[number].delta for number in judged]
    return OverallComparison(
        judged_labels=len(judged),
        mean_auc_a=float(np.mean([labels[number].auc_a for number in judged])),
        mean_auc_b=float(np.mean([labels[number].auc_b for number in judged])),
        delta=float(np.mean(deltas)),
        delta_ci=interval,
        bootstrap_p=two_sided_p(differences) if enough else _NAN,
        wilcoxon_p=wilcoxon_p(deltas),
        draws=differences.size,
        reason=None if enough else f"only {differences.size} of {asked} draws kept both classes of every label",
    )


def _nothing_judged(settings: GateSettings) -> str:
    return f"no label has {settings.min_positives} positives and negatives: nothing is judged"

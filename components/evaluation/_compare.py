"""The gate's statistics: two models on the same studies."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from components.evaluation._across_labels import holm, wilcoxon_p
from components.evaluation._bootstrap import cohort_draws, one_sided_p, percentile_interval, two_sided_p
from components.evaluation._cohort import Cohort, gather
from components.evaluation._comparison import (
    Comparison,
    LabelComparison,
    LabelVerdict,
    OverallComparison,
)
from components.evaluation._delong import PairedAreas, paired_areas
from components.evaluation._interval import UNDEFINED
from components.evaluation._operating import OperatingPoint, operating_points
from components.evaluation._precision import average_precision, average_precision_interval
from components.evaluation._reliability import compare_calibration
from components.evaluation._roc import roc_curve
from components.evaluation._subgroups import compare_subgroups
from components.settings import GateSettings

_NAN = float("nan")


def compare(  # noqa: PLR0913  truth, two models, and how to judge them
    truth: pd.DataFrame,
    scores_a: pd.DataFrame,
    scores_b: pd.DataFrame,
    *,
    patients: pd.Series | None = None,
    groups: pd.DataFrame | None = None,
    thresholds_a: Mapping[str, float | None] | None = None,
    thresholds_b: Mapping[str, float | None] | None = None,
    settings: GateSettings,
    seed: int,
) -> Comparison:
    """Model b against model a: per label DeLong's paired test, over labels the bootstrap of the mean difference.

    Beside it AUPRC, calibration, and, where groups or thresholds are given, the same by subgroup and the models' yes
    or no.

    Args:
        truth: index study, a column a label: 1, 0, or NaN where the study is not judged for the label.
        scores_a, scores_b: index study (any order), the same columns, any scale; studies without truth are left out.
        patients: index study → patient; studies of one patient are then taken as dependent.
        groups: index study, a column an `Attribute`, as `subgroup_frame` gives it.
        thresholds_a, thresholds_b: label → positive at or above, chosen on other patients; None where undefined.
        settings: alpha, min_positives, bootstrap_draws, noninferiority_margin, reliability_bins.
        seed: of the bootstrap.

    Returns:
        Verdicts go by Holm's p over all labels with a defined test. The overall figures are over the labels with
        positives and negatives enough.

    Raises:
        ModelError: scores that are missing (with the count) or not finite.
        ConfigurationError: truth, patients or groups that do not fit.
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
        patients=cohort.patient_count,
        alpha=settings.alpha,
        min_positives=settings.min_positives,
        seed=seed,
        noninferiority_margin=settings.noninferiority_margin,
        subgroups=() if groups is None else compare_subgroups(cohort, groups, settings, seed=seed),
        calibration=compare_calibration(cohort, settings, seed=seed),
        operating=_operating(cohort, {"A": thresholds_a, "B": thresholds_b}, settings.alpha),
    )


def _operating(
    cohort: Cohort, thresholds: Mapping[str, Mapping[str, float | None] | None], alpha: float
) -> tuple[OperatingPoint, ...]:
    return tuple(
        point
        for model, chosen in thresholds.items()
        if chosen is not None
        for point in operating_points(cohort, model, chosen, alpha=alpha)
    )


def _paired(cohort: Cohort, label: int) -> PairedAreas:
    judged = cohort.judged(label)
    a, b = (cohort.scores[name][judged.rows, label] for name in ("A", "B"))
    return paired_areas(judged.truth, a, b, judged.patients)


def _label(cohort: Cohort, number: int, *, pair: PairedAreas, holm_p: float, settings: GateSettings) -> LabelComparison:
    judged = cohort.judged(number)
    enough = cohort.enough(number, settings.min_positives)
    a, b = (cohort.scores[name][judged.rows, number] for name in ("A", "B"))
    auprc_a, auprc_b = average_precision(judged.truth, a), average_precision(judged.truth, b)
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
        roc_a=roc_curve(judged.truth, a),
        roc_b=roc_curve(judged.truth, b),
        auprc_a=auprc_a,
        auprc_a_ci=average_precision_interval(auprc_a, judged.truth, judged.patients, settings.alpha),
        auprc_b=auprc_b,
        auprc_b_ci=average_precision_interval(auprc_b, judged.truth, judged.patients, settings.alpha),
        noninferiority_p=pair.noninferiority_p(settings.noninferiority_margin),
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
        noninferiority_p=one_sided_p(differences, settings.noninferiority_margin) if enough else _NAN,
        reason=None if enough else f"only {differences.size} of {asked} draws kept both classes of every label",
    )


def _nothing_judged(settings: GateSettings) -> str:
    return f"no label has {settings.min_positives} positives and negatives: nothing is judged"

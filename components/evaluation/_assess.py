"""One model alone, where there is no champion to compare it with."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from components.evaluation._bootstrap import cohort_draws, percentile_interval
from components.evaluation._cohort import Cohort, gather
from components.evaluation._comparison import Assessment, LabelAssessment
from components.evaluation._delong import area
from components.evaluation._interval import UNDEFINED
from components.evaluation._operating import operating_points
from components.evaluation._precision import average_precision, average_precision_interval
from components.evaluation._reliability import cohort_reliability
from components.evaluation._roc import roc_curve
from components.evaluation._subgroups import assess_subgroups
from components.settings import GateSettings


def assess(  # noqa: PLR0913  truth, a model, and how to judge it
    truth: pd.DataFrame,
    scores: pd.DataFrame,
    *,
    patients: pd.Series | None = None,
    groups: pd.DataFrame | None = None,
    thresholds: Mapping[str, float | None] | None = None,
    settings: GateSettings,
    seed: int,
) -> Assessment:
    """One model alone: AUC with interval per label, mean AUC over the judged labels with a bootstrap interval.

    Beside it AUPRC, calibration, subgroups and operating points. Arguments and refusals as in `compare`.
    """
    cohort = gather(truth, {"A": scores}, patients)
    labels = tuple(_assessed(cohort, number, settings) for number in range(len(cohort.labels)))
    judged = [number for number, label in enumerate(labels) if label.judged]
    interval = UNDEFINED
    if judged:
        draws = cohort_draws(cohort, judged, names=("A",), draws=settings.bootstrap_draws, seed=seed)[:, 0]
        interval = percentile_interval(draws, settings.alpha, asked=settings.bootstrap_draws)
    return Assessment(
        labels=labels,
        judged_labels=len(judged),
        mean_auc=float(np.mean([labels[number].auc for number in judged])) if judged else float("nan"),
        mean_auc_ci=interval,
        studies=len(cohort.truth),
        patients=cohort.patient_count,
        alpha=settings.alpha,
        min_positives=settings.min_positives,
        seed=seed,
        subgroups=() if groups is None else assess_subgroups(cohort, groups, settings, seed=seed),
        calibration=cohort_reliability(cohort, "A", settings),
        operating=() if thresholds is None else operating_points(cohort, "A", thresholds, alpha=settings.alpha),
    )


def _assessed(cohort: Cohort, number: int, settings: GateSettings) -> LabelAssessment:
    judged = cohort.judged(number)
    scores = cohort.scores["A"][judged.rows, number]
    found = area(judged.truth, scores, judged.patients)
    enough = cohort.enough(number, settings.min_positives)
    auprc = average_precision(judged.truth, scores)
    few = None if enough else f"fewer than {settings.min_positives} positives or negatives: not judged"
    return LabelAssessment(
        label=cohort.labels[number],
        n=judged.truth.size,
        positives=int(judged.truth.sum()),
        auc=found.auc,
        auc_ci=found.interval(settings.alpha),
        judged=enough,
        reason="; ".join(reason for reason in (found.reason, few) if reason) or None,
        roc=roc_curve(judged.truth, scores),
        auprc=auprc,
        auprc_ci=average_precision_interval(auprc, judged.truth, judged.patients, settings.alpha),
    )

"""The clauses that show an improvement."""

import math
from collections.abc import Sequence

from components.evaluation import (
    Assessment,
    Comparison,
    LabelAssessment,
    LabelComparison,
    auc_text,
    difference_interval_text,
    difference_text,
    interval_text,
    label_title,
)
from components.promotion._figures import figure, level_text, p_equals
from components.promotion._verdict import Clause, ClauseName

_CHANCE = 0.5


def labels_judged(labels: Sequence[LabelComparison | LabelAssessment], min_positives: int) -> Clause:
    """At least one label has positives and negatives enough; the others are named as too few."""
    few = [label for label in labels if not label.judged]
    judged = len(labels) - len(few)
    told = (
        f"{judged} of {len(labels)} labels {'has' if judged == 1 else 'have'} at least {min_positives} positives and "
    )
    told += "negatives."
    if few and judged:
        told += f" Too few positives: {', '.join(label_title(label.label) for label in few)}."
    return Clause(
        name=ClauseName.LABELS_JUDGED,
        passed=judged > 0,
        sentence=told,
        figures={"judged": judged, "labels": len(labels), "min_positives": min_positives}
        | {f"positives of {label.label}": label.positives for label in few},
    )


def mean_auc_higher(comparison: Comparison, level: float) -> Clause:
    """The lower bound of the mean AUC difference lies above 0 at this look's level.

    Told by the bootstrap's p, which is below the level just where that bound is above 0 (and never by chance of few
    draws: the observed data count as one).
    """
    overall = comparison.overall
    passed = overall.delta > 0 and overall.bootstrap_p < level
    return Clause(
        name=ClauseName.MEAN_AUC_HIGHER,
        passed=passed,
        sentence=_mean_sentence(comparison, level, passed=passed),
        figures={
            "mean_auc_champion": figure(overall.mean_auc_a),
            "mean_auc_candidate": figure(overall.mean_auc_b),
            "delta": figure(overall.delta),
            "delta_low": figure(overall.delta_ci.low),
            "delta_high": figure(overall.delta_ci.high),
            "p": figure(overall.bootstrap_p),
            "level": level,
        },
    )


def _mean_sentence(comparison: Comparison, level: float, *, passed: bool) -> str:
    overall = comparison.overall
    if math.isnan(overall.delta_ci.low):
        return f"The mean AUC difference has no interval: {overall.reason}."
    found = (
        f"On {comparison.patients:,} locked patients the mean AUC over {overall.judged_labels} labels "
        f"{'rose' if passed else 'went'} from {auc_text(overall.mean_auc_a)} to {auc_text(overall.mean_auc_b)}: "
        f"{difference_text(overall.delta)} ({level_text(comparison.alpha)} % interval "
        f"{difference_interval_text(overall.delta_ci)}, {p_equals(overall.bootstrap_p)})"
    )
    if passed:
        return f"{found}."
    if overall.draws and 2 / (overall.draws + 1) >= level:
        return f"{found}; {overall.draws:,} draws are too few to show anything at level {level:.4g}."
    return f"{found}; an improvement is not shown at this look's level {level:.4g}."


def each_label_better(comparison: Comparison, level: float) -> Clause:
    """Label by label: the candidate takes over those that are better by Holm's p, the champion keeps the others.

    A model that answers with two models' outputs cannot be traced to one snapshot and one training, and is not made:
    the clause holds only where the candidate takes over every judged label.
    """
    judged = [label for label in comparison.labels if label.judged]
    better = [label for label in judged if label.delta > 0 and label.holm_p < level]
    kept = [label for label in judged if label not in better]
    passed = bool(better) and not kept
    told = f"Label by label at level {level:.4g}, the candidate is better in {len(better)} of {len(judged)}"
    if better and kept:
        told += f" ({_named(better)})"
    if kept:
        told += (
            f"; the champion would keep {_named(kept)}. One model answers for all labels, so the candidate is not "
            "taken: set gate.labels to whole to decide by the mean"
        )
    figures: dict[str, float | int | str | None] = {"better": len(better), "judged": len(judged), "level": level}
    for label in judged:
        figures[label.label] = "candidate" if label in better else "champion"
        figures[f"Holm p of {label.label}"] = figure(label.holm_p)
    return Clause(name=ClauseName.EACH_LABEL_BETTER, passed=passed, sentence=f"{told}.", figures=figures)


def _named(labels: Sequence[LabelComparison]) -> str:
    return ", ".join(label_title(label.label) for label in labels)


def above_chance(assessment: Assessment) -> Clause:
    """The lower bound of a first model's mean AUC lies above that of guessing."""
    interval = assessment.mean_auc_ci
    passed = interval.low > _CHANCE
    found = f"The mean AUC over {assessment.judged_labels} labels is {auc_text(assessment.mean_auc)}"
    between = interval_text(interval)
    spread = f"{level_text(assessment.alpha)} % interval {between}" if between else "no interval"
    end = "above chance" if passed else "not shown to be above chance"
    return Clause(
        name=ClauseName.ABOVE_CHANCE,
        passed=passed,
        sentence=f"{found} on {assessment.patients:,} locked patients ({spread}), {end}.",
        figures={
            "mean_auc": figure(assessment.mean_auc),
            "low": figure(interval.low),
            "high": figure(interval.high),
            "level": assessment.alpha,
        },
    )

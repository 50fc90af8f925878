"""The clauses that rule out harm: to a label, to a subgroup, to the meaning of the probabilities.

Each holds unless a loss beyond the allowed one is significant by its own test at alpha, without adjustment for the
number of labels, groups or looks: adjusting guards against calling chance a difference, and here the dangerous mistake
is the other one, promoting a model that harms somebody. A loss that no test can weigh counts as one.
"""

import math

from components.evaluation import (
    Comparison,
    LabelComparison,
    SubgroupComparison,
    difference_interval_text,
    difference_text,
    label_title,
)
from components.promotion._figures import figure, level_text, p_equals
from components.promotion._verdict import Clause, ClauseName
from components.settings import GateSettings


def no_label_worse(comparison: Comparison, settings: GateSettings) -> Clause:
    """No judged label is significantly worse by more than `max_label_loss`."""
    allowed = settings.max_label_loss
    worse = [label for label in comparison.labels if _is_worse(label, settings)]
    named = ", ".join(
        f"{label_title(label.label)} {difference_text(label.delta)} "
        f"({'no test possible' if math.isnan(label.delong_p) else p_equals(label.delong_p)})"
        for label in worse
    )
    sentence = (
        f"Significantly worse by more than the {allowed:.3f} allowed: {named}."
        if worse
        else f"No judged label is significantly worse by more than {allowed:.3f}."
    )
    figures: dict[str, float | int | str | None] = {"max_label_loss": allowed, "worse_labels": len(worse)}
    figures |= {label.label: label.delta for label in worse}
    return Clause(name=ClauseName.NO_LABEL_WORSE, passed=not worse, sentence=sentence, figures=figures)


def _is_worse(label: LabelComparison, settings: GateSettings) -> bool:
    may_be_chance = label.delong_p >= settings.alpha
    return label.judged and label.delta < -settings.max_label_loss and not may_be_chance


def no_subgroup_worse(comparison: Comparison, settings: GateSettings) -> Clause:
    """No subgroup's mean AUC is significantly worse by more than its margin; small groups are counted, not judged."""
    judged = [group for group in comparison.subgroups if math.isfinite(group.delta)]
    worse = [group for group in judged if _group_is_worse(group, settings)]
    told = "; ".join(
        f"{_group_title(group)} {difference_text(group.delta)} on {group.patients:,} patients (interval "
        f"{difference_interval_text(group.delta_ci) or 'undefined'}, allowed "
        f"{difference_text(-settings.margin_of(group.attribute))})"
        for group in worse
    )
    few = len(comparison.subgroups) - len(judged)
    unjudged = f"; {few} {'has' if few == 1 else 'have'} too few cases to judge" if few else ""
    sentence = (
        f"Significantly worse by more than its margin: {told}."
        if worse
        else f"None of {len(judged)} subgroups is significantly worse by more than its margin{unjudged}."
    )
    figures: dict[str, float | int | str | None] = {"judged": len(judged), "too_few": few, "worse": len(worse)}
    figures |= {_group_title(group): figure(group.delta) for group in judged}
    return Clause(name=ClauseName.NO_SUBGROUP_WORSE, passed=not worse, sentence=sentence, figures=figures)


def _group_is_worse(group: SubgroupComparison, settings: GateSettings) -> bool:
    may_be_chance = group.delta_ci.high >= 0
    return group.delta < -settings.margin_of(group.attribute) and not may_be_chance


def _group_title(group: SubgroupComparison) -> str:
    return f"{group.attribute.value.replace('_', ' ')} {group.group}"


def calibration_kept(comparison: Comparison, settings: GateSettings) -> Clause:
    """The mean Brier score is not significantly higher by more than `max_brier_rise`."""
    found, allowed = comparison.calibration, settings.max_brier_rise
    if found is None or math.isnan(found.delta_brier):
        why = "the scores are no probabilities" if found is None else found.reason
        judged = comparison.overall.judged_labels > 0
        return Clause(
            name=ClauseName.CALIBRATION_KEPT,
            passed=not judged,  # where no label is judged at all, another clause says so
            sentence=f"Calibration cannot be compared: {why}.",
            figures={"max_brier_rise": allowed},
        )
    risen = found.delta_brier > allowed and not found.delta_brier_ci.low <= 0
    interval = (
        f"{level_text(comparison.alpha)} % interval {difference_interval_text(found.delta_brier_ci) or 'undefined'}"
    )
    return Clause(
        name=ClauseName.CALIBRATION_KEPT,
        passed=not risen,
        sentence=f"The mean Brier score went from {found.brier_a:.4f} to {found.brier_b:.4f} ({interval}): "
        + (f"calibration is significantly worse by more than {allowed:g}." if risen else "not significantly worse."),
        figures={
            "brier_champion": figure(found.brier_a),
            "brier_candidate": figure(found.brier_b),
            "delta": figure(found.delta_brier),
            "delta_low": figure(found.delta_brier_ci.low),
            "delta_high": figure(found.delta_brier_ci.high),
            "ece_champion": figure(found.ece_a),
            "ece_candidate": figure(found.ece_b),
            "max_brier_rise": allowed,
        },
    )

"""The policy: from a comparison's figures to a verdict.

A label counts as significantly worse by its own DeLong p, without Holm's adjustment: the adjustment guards against
calling chance a difference, and here the dangerous mistake is the other one, promoting a model that harms a label.
"""

import math

from components.evaluation import (
    Assessment,
    Comparison,
    Interval,
    LabelComparison,
    auc_text,
    difference_interval_text,
    difference_text,
    interval_text,
    label_title,
    p_text,
)
from components.promotion._verdict import Clause, ClauseName, Verdict
from components.settings import GateSettings

_CHANCE = 0.5


def decide(comparison: Comparison, settings: GateSettings, *, checks_passed: bool) -> Verdict:
    """Whether the candidate (model b) may replace the champion (model a).

    It may when at least one label is judged, the lower bound of the mean AUC difference is above 0 with p below
    alpha, no judged label is significantly worse by more than `max_label_loss`, and the data checks passed.

    Args:
        comparison: both models on the same locked patients.
        settings: alpha (as the comparison was made with), max_label_loss, min_positives.
        checks_passed: whether the critical data checks before training passed.
    """
    overall = comparison.overall
    return Verdict(
        clauses=(
            _labels_judged(overall.judged_labels, len(comparison.labels), comparison.min_positives),
            _mean_auc_higher(comparison, settings),
            _no_label_worse(comparison, settings),
            _data_checks(checks_passed),
        )
    )


def decide_first(assessment: Assessment, *, checks_passed: bool) -> Verdict:
    """Whether a site's first model may go into service, where there is no champion to beat.

    It may when at least one label is judged, the lower bound of its mean AUC is above chance, and the data checks
    passed.
    """
    return Verdict(
        clauses=(
            _labels_judged(assessment.judged_labels, len(assessment.labels), assessment.min_positives),
            _above_chance(assessment),
            _data_checks(checks_passed),
        )
    )


def _labels_judged(judged: int, labels: int, min_positives: int) -> Clause:
    have = "has" if judged == 1 else "have"
    return Clause(
        name=ClauseName.LABELS_JUDGED,
        passed=judged > 0,
        sentence=f"{judged} of {labels} labels {have} at least {min_positives} positives and negatives.",
        figures={"judged": judged, "labels": labels, "min_positives": min_positives},
    )


def _mean_auc_higher(comparison: Comparison, settings: GateSettings) -> Clause:
    overall = comparison.overall
    passed = overall.delta_ci.low > 0 and overall.bootstrap_p < settings.alpha
    figures = {
        "mean_auc_champion": _figure(overall.mean_auc_a),
        "mean_auc_candidate": _figure(overall.mean_auc_b),
        "delta": _figure(overall.delta),
        "delta_low": _figure(overall.delta_ci.low),
        "delta_high": _figure(overall.delta_ci.high),
        "p": _figure(overall.bootstrap_p),
        "alpha": settings.alpha,
    }
    return Clause(
        name=ClauseName.MEAN_AUC_HIGHER, passed=passed, sentence=_mean_sentence(comparison, passed), figures=figures
    )


def _mean_sentence(comparison: Comparison, passed: bool) -> str:
    overall = comparison.overall
    if math.isnan(overall.delta_ci.low):
        return f"The mean AUC difference has no interval: {overall.reason}."
    verb = "rose" if passed else "went"
    found = (
        f"On {comparison.patients:,} locked patients the mean AUC over {overall.judged_labels} labels {verb} from "
        f"{auc_text(overall.mean_auc_a)} to {auc_text(overall.mean_auc_b)}: {difference_text(overall.delta)} "
        f"({_level(comparison.alpha)} % interval {difference_interval_text(overall.delta_ci)}, "
        f"{_p(overall.bootstrap_p)})"
    )
    return found + ("." if passed else "; an improvement is not shown.")


def _no_label_worse(comparison: Comparison, settings: GateSettings) -> Clause:
    allowed = settings.max_label_loss
    worse = [label for label in comparison.labels if _is_worse(label, settings)]
    named = ", ".join(
        f"{label_title(label.label)} {difference_text(label.delta)} "
        f"({'no test possible' if math.isnan(label.delong_p) else _p(label.delong_p)})"
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
    """A loss beyond the allowed one counts unless the test says that it may be chance."""
    may_be_chance = label.delong_p >= settings.alpha
    return label.judged and label.delta < -settings.max_label_loss and not may_be_chance


def _above_chance(assessment: Assessment) -> Clause:
    interval: Interval = assessment.mean_auc_ci
    passed = interval.low > _CHANCE
    found = f"The mean AUC over {assessment.judged_labels} labels is {auc_text(assessment.mean_auc)}"
    between = interval_text(interval)
    spread = f"{_level(assessment.alpha)} % interval {between}" if between else "no interval"
    end = "above chance" if passed else "not shown to be above chance"
    return Clause(
        name=ClauseName.ABOVE_CHANCE,
        passed=passed,
        sentence=f"{found} on {assessment.patients:,} locked patients ({spread}), {end}.",
        figures={
            "mean_auc": _figure(assessment.mean_auc),
            "low": _figure(interval.low),
            "high": _figure(interval.high),
        },
    )


def _data_checks(passed: bool) -> Clause:
    sentence = "The critical data checks passed." if passed else "A critical data check failed."
    return Clause(name=ClauseName.DATA_CHECKS, passed=passed, sentence=sentence, figures={"passed": int(passed)})


def _p(value: float) -> str:
    written = p_text(value)
    return f"p {written[0]} {written[1:]}" if written.startswith("<") else f"p = {written}"


def _level(alpha: float) -> str:
    return f"{100 * (1 - alpha):g}"


def _figure(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""The policy: from a comparison's figures to a verdict."""

from components.evaluation import Assessment, Comparison
from components.promotion._harms import calibration_kept, no_label_worse, no_subgroup_worse
from components.promotion._improvement import above_chance, each_label_better, labels_judged, mean_auc_higher
from components.promotion._looks import Look
from components.promotion._verdict import Clause, ClauseName, Verdict
from components.settings import GateSettings, LabelPolicy

_PERCENT = 100


def decide(comparison: Comparison, settings: GateSettings, *, look: Look, checks_passed: bool) -> Verdict:
    """Whether the candidate (model b) may replace the champion (model a).

    It may when at least one label is judged, the improvement is shown at the look's level (of the mean AUC, or of each
    judged label where labels are decided one by one), and no harm is: no judged label, no subgroup and not the
    calibration significantly worse by more than allowed. And the data checks must have passed.

    Args:
        comparison: both models on the same locked patients.
        settings: the policy; alpha and min_positives as the comparison was made with.
        look: which look at the locked patients this is.
        checks_passed: whether the critical data checks before training passed.
    """
    improved = mean_auc_higher if settings.labels is LabelPolicy.WHOLE else each_label_better
    return Verdict(
        clauses=(
            labels_judged(comparison.labels, comparison.min_positives),
            improved(comparison, look.level),
            no_label_worse(comparison, settings),
            no_subgroup_worse(comparison, settings),
            calibration_kept(comparison, settings),
            _data_checks(checks_passed),
            _looked(look),
        )
    )


def decide_first(assessment: Assessment, *, look: Look, checks_passed: bool) -> Verdict:
    """Whether a site's first model may go into service, where there is no champion to beat.

    It may when at least one label is judged, the lower bound of its mean AUC (at the look's level, with which the
    assessment must have been made) is above chance, and the data checks passed.
    """
    return Verdict(
        clauses=(
            labels_judged(assessment.labels, assessment.min_positives),
            above_chance(assessment),
            _data_checks(checks_passed),
            _looked(look),
        )
    )


def _data_checks(passed: bool) -> Clause:
    sentence = "The critical data checks passed." if passed else "A critical data check failed."
    return Clause(name=ClauseName.DATA_CHECKS, passed=passed, sentence=sentence, figures={"passed": int(passed)})


def _looked(look: Look) -> Clause:
    """Always holds: where the looks were spent, nobody looked."""
    which = f"Look {look.number} of {look.looks}" + (f" in round {look.round}" if look.round > 1 else "")
    return Clause(
        name=ClauseName.LOOKS,
        passed=True,
        sentence=f"{which} at the {look.patients:,} locked patients, tested at level {look.level:.4g}. All looks so "
        f"far let a model that is no better through with a chance of at most {_PERCENT * look.chance:.2g} %.",
        figures={name: value for name, value in look.to_json().items() if name != "site"},
    )

"""The report card's tables of labels, row by row, as people read them."""

import math
from dataclasses import dataclass

from markupsafe import Markup

from components.evaluation import _text as text
from components.evaluation._card_roc import reliability_figure, roc_figure
from components.evaluation._card_text import NO_FIGURE, Figure, auc, difference, share, share_text
from components.evaluation._comparison import (
    Assessment,
    Comparison,
    LabelAssessment,
    LabelComparison,
    LabelVerdict,
)
from components.evaluation._operating import OperatingPoint
from components.evaluation._reliability import CalibrationComparison, LabelReliability, Reliability


@dataclass(frozen=True, kw_only=True)
class LabelRow:
    """One label as the AUC table and the ROC pictures show it."""

    title: str
    positives: int
    n: int
    champion: Figure = NO_FIGURE
    candidate: Figure
    delta: Figure = NO_FIGURE
    p: str = ""
    holm: str = ""
    verdict: str
    kind: str
    reason: str | None
    roc: Markup


@dataclass(frozen=True, kw_only=True)
class OperatingRow:
    """One label at the models' thresholds: threshold, sensitivity, specificity of the champion and the candidate."""

    title: str
    positives: int
    n: int
    champion: tuple[Figure, ...]
    candidate: tuple[Figure, ...]
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class TrustRow:
    """One label's precision-recall and calibration figures, champion and candidate; no picture where none is known."""

    title: str
    prevalence: str
    auprc: tuple[Figure, Figure]
    brier: tuple[str, str]
    ece: tuple[str, str]
    kind: str
    picture: Markup | None


def label_rows(found: Comparison | Assessment) -> list[LabelRow]:
    """The AUC table's rows, in the labels' order."""
    if isinstance(found, Comparison):
        return [_compared(label, found) for label in found.labels]
    return [_assessed(label, found) for label in found.labels]


def operating_rows(found: Comparison | Assessment) -> list[OperatingRow]:
    """The labels with a threshold; empty where none was given."""
    champion, candidate = ("A", "B") if isinstance(found, Comparison) else (None, "A")
    at = {(point.label, point.model): point for point in found.operating}
    return [
        OperatingRow(
            title=text.label_title(point.label),
            positives=point.positives,
            n=point.n,
            champion=_at_threshold(at.get((point.label, champion or ""))),
            candidate=_at_threshold(point),
            reason=point.reason,
        )
        for point in found.operating
        if point.model == candidate
    ]


def trust_rows(found: Comparison | Assessment) -> list[TrustRow]:
    """Precision and calibration of each label; empty where neither was computed."""
    champion, candidate = _models(found.calibration)
    rows = [_trusted(label, champion.get(label.label), candidate.get(label.label)) for label in found.labels]
    known = any(row.picture or row.auprc[1].value != text.NOT_DEFINED for row in rows)
    return rows if known else []


def verdict_counts(found: Comparison | Assessment) -> list[tuple[str, int]]:
    """How many labels have each verdict."""
    if isinstance(found, Assessment):
        return [("judged", found.judged_labels), (LabelVerdict.TOO_FEW.value, len(found.labels) - found.judged_labels)]
    verdicts = [label.verdict for label in found.labels]
    return [(verdict.value, verdicts.count(verdict)) for verdict in LabelVerdict]


def _compared(label: LabelComparison, found: Comparison) -> LabelRow:
    return LabelRow(
        title=text.label_title(label.label),
        positives=label.positives,
        n=label.n,
        champion=auc(label.auc_a, label.auc_a_ci),
        candidate=auc(label.auc_b, label.auc_b_ci),
        delta=difference(label.delta, label.delta_ci),
        p=text.p_text(label.delong_p),
        holm=text.p_text(label.holm_p),
        verdict=label.verdict.value,
        kind=label.verdict.name.lower(),
        reason=label.reason,
        roc=roc_figure(
            label.roc_a,
            label.roc_b,
            operating=[point for point in found.operating if point.label == label.label],
            readers=[reader for reader in found.readers if reader.label == label.label],
        ),
    )


def _assessed(label: LabelAssessment, found: Assessment) -> LabelRow:
    few = LabelVerdict.TOO_FEW
    return LabelRow(
        title=text.label_title(label.label),
        positives=label.positives,
        n=label.n,
        candidate=auc(label.auc, label.auc_ci),
        verdict="judged" if label.judged else few.value,
        kind="no_difference" if label.judged else few.name.lower(),
        reason=label.reason,
        roc=roc_figure(
            None,
            label.roc,
            operating=[point for point in found.operating if point.label == label.label],
            readers=[reader for reader in found.readers if reader.label == label.label],
        ),
    )


def _at_threshold(point: OperatingPoint | None) -> tuple[Figure, ...]:
    if point is None:
        return (Figure(text.NOT_DEFINED), Figure(text.NOT_DEFINED), Figure(text.NOT_DEFINED))
    return (
        Figure(text.auc_text(point.threshold)),
        share(point.sensitivity, point.sensitivity_ci),
        share(point.specificity, point.specificity_ci),
    )


def _models(
    calibration: CalibrationComparison | Reliability | None,
) -> tuple[dict[str, LabelReliability], dict[str, LabelReliability]]:
    """Label → reliability, of the champion and of the candidate."""
    if isinstance(calibration, CalibrationComparison):
        return _by_label(calibration.a), _by_label(calibration.b)
    return {}, {} if calibration is None else _by_label(calibration)


def _by_label(model: Reliability) -> dict[str, LabelReliability]:
    return {label.label: label for label in model.labels}


def _trusted(
    label: LabelComparison | LabelAssessment, champion: LabelReliability | None, candidate: LabelReliability | None
) -> TrustRow:
    return TrustRow(
        title=text.label_title(label.label),
        prevalence=share_text(label.positives / label.n if label.n else math.nan),
        auprc=_precisions(label),
        brier=(_brier(champion), _brier(candidate)),
        ece=(_error(champion), _error(candidate)),
        kind="" if label.judged else LabelVerdict.TOO_FEW.name.lower(),
        picture=None if candidate is None else reliability_figure(champion, candidate),
    )


def _precisions(label: LabelComparison | LabelAssessment) -> tuple[Figure, Figure]:
    if isinstance(label, LabelAssessment):
        return NO_FIGURE, auc(label.auprc, label.auprc_ci)
    return auc(label.auprc_a, label.auprc_a_ci), auc(label.auprc_b, label.auprc_b_ci)


def _brier(model: LabelReliability | None) -> str:
    return text.NOT_DEFINED if model is None else text.auc_text(model.brier)


def _error(model: LabelReliability | None) -> str:
    return text.NOT_DEFINED if model is None else text.auc_text(model.ece)

"""When a candidate may replace the champion, and how its scores become probabilities and answers."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from components.findings import Finding
from components.settings._concern import Concern

_Margin = Annotated[float, Field(ge=0, lt=1)]


class Use(StrEnum):
    """What a yes or no is for; it decides which threshold is chosen on the validation patients."""

    BALANCED = "balanced"
    TRIAGE = "triage"
    CONFIRMATION = "confirmation"


class CalibrationMethod(StrEnum):
    """How scores become probabilities, fitted on the validation patients."""

    PLATT = "platt"
    TEMPERATURE = "temperature"
    ISOTONIC = "isotonic"
    NONE = "none"


class Attribute(StrEnum):
    """What studies are grouped by."""

    SEX = "sex"
    AGE_BAND = "age_band"
    VIEW = "view"
    MANUFACTURER = "manufacturer"
    LABEL_SOURCE = "label_source"
    PATIENT_CLASS = "patient_class"


class LabelPolicy(StrEnum):
    """Whether a candidate is taken as a whole, or finding by finding."""

    WHOLE = "whole"
    EACH = "each"


class ThresholdSettings(Concern):
    """From probability to yes or no."""

    use: Use = Field(
        Use.BALANCED,
        description="balanced: largest Youden index; triage: at least `sensitivity`; confirmation: at least "
        "`specificity`",
    )
    uses: dict[Finding, Use] = Field({}, description="findings that are for another use, as pneumothorax = 'triage'")
    sensitivity: float = Field(0.95, gt=0, le=1, description="that triage wants on the validation patients")
    specificity: float = Field(0.95, gt=0, le=1, description="that confirmation wants on the validation patients")

    def use_of(self, finding: Finding) -> Use:
        """What the finding's yes or no is for."""
        return self.uses.get(finding, self.use)


class GateSettings(Concern):
    """When a candidate may replace the champion."""

    alpha: float = Field(0.05, gt=0, lt=0.5, description="level of every test and interval (1 - alpha)")
    max_label_loss: float = Field(0.02, ge=0, description="no label may be significantly worse by more than this AUC")
    min_positives: int = Field(10, ge=1, description="below this (or as few negatives) a label is not judged")
    bootstrap_draws: int = Field(2000, ge=100, description="patient-level draws for the mean AUC difference")
    noninferiority_margin: _Margin = Field(
        0.02, description="a mean AUC is no worse where the lower bound of its difference lies above minus this"
    )
    subgroup_margin: _Margin = Field(
        0.05, description="no subgroup's mean AUC may be significantly worse by more than this"
    )
    subgroup_margins: dict[Attribute, _Margin] = Field(
        {}, description="attributes with a margin of their own, as sex = 0.03"
    )
    max_brier_rise: _Margin = Field(
        0.0, description="the mean Brier score may not be significantly higher (worse) by more than this"
    )
    reader_margin: _Margin = Field(
        0.1, description="against readers: no worse where sensitivity and specificity lie less than this below theirs"
    )
    reliability_bins: int = Field(10, ge=2, le=50, description="groups of equally many studies in a reliability curve")
    calibration: CalibrationMethod = Field(
        CalibrationMethod.PLATT,
        description="platt: a line on the logit; temperature: its slope alone; isotonic: a rising line through knots, "
        "where validation patients are many; none. Platt and temperature keep the order, hence every AUC",
    )
    thresholds: ThresholdSettings = ThresholdSettings()
    labels: LabelPolicy = Field(
        LabelPolicy.WHOLE,
        description="whole: the mean AUC decides, and no label may be worse; each: every judged label must be better "
        "by Holm's p, and the verdict says of each label whose output it would take",
    )
    looks: int = Field(
        10,
        ge=1,
        description="looks at the same locked patients; each is at level alpha / looks, so that all of them together "
        "let a model that is no better through with a chance of at most alpha / 2",
    )
    fresh_share: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="when the looks are spent, new ones are granted once this share of the locked patients joined "
        "after the first of them",
    )
    approval: bool = Field(False, description="a model that passed waits until a named person approves it")

    def margin_of(self, attribute: Attribute) -> float:
        """What the attribute's groups may lose in mean AUC."""
        return self.subgroup_margins.get(attribute, self.subgroup_margin)

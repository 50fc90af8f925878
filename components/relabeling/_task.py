"""One study that a person is asked to read, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from components.catalog import View
from components.findings import Assertion, Finding


class Purpose(StrEnum):
    """What a reading is for; each purpose has a project of its own on the reading server.

    Readings for the reference standard are of the locked test patients and blind: the form is empty, and neither
    report nor model is shown, so that the standard leans to none of those that it is to judge.
    """

    TRAINING = "training"
    REFERENCE = "reference"


class Why(StrEnum):
    """For what a study came into the queue."""

    NOISE = "label noise"
    DISAGREEMENT = "disagreement"
    UNCERTAINTY = "uncertainty"
    RANDOM = "random"
    REFERENCE = "reference"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One study to read.

    `score` is 0..1, higher is more urgent (0 for those drawn at random); `finding` is what it is about, None for
    those drawn at random. `suggested` is what the form shows filled in: the report's statement, the model's where the
    report is silent, nothing where the two contradict each other, so that the reader decides unprimed. `looked` is
    the finding of which the reader can see where the model saw it; None where nothing is to be shown.
    """

    study: str
    image: str
    view: View = View.UNKNOWN
    score: float
    why: Why
    finding: Finding | None
    suggested: Mapping[Finding, Assertion]
    looked: Finding | None = None

    @property
    def purpose(self) -> Purpose:
        """What the reading is for."""
        return Purpose.REFERENCE if self.why is Why.REFERENCE else Purpose.TRAINING

    @property
    def reason(self) -> str:
        """The sentence that the reader sees above the picture."""
        if self.why is Why.REFERENCE:
            return "For the reference standard: please read the picture alone"
        if self.finding is None:
            return "Drawn at random, to keep the figures honest"
        if self.why is Why.NOISE:
            return f"The label may well be wrong: {self.finding.title}"
        if self.why is Why.DISAGREEMENT:
            return f"Report and model contradict each other: {self.finding.title}"
        return f"Report or model is unsure: {self.finding.title}"

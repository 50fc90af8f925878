"""One study that a person is asked to read, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from components.findings import Assertion, Finding


class Why(StrEnum):
    """For what a study came into the queue."""

    DISAGREEMENT = "disagreement"
    UNCERTAINTY = "uncertainty"
    RANDOM = "random"


@dataclass(frozen=True, kw_only=True)
class Task:
    """One study to read.

    `score` is 0..1, higher is more urgent (0 for those drawn at random); `finding` is what it is about, None for
    those drawn at random. `suggested` is what the form shows filled in: the report's statement, the model's where the
    report is silent, nothing where the two contradict each other, so that the reader decides unprimed.
    """

    study: str
    image: str
    score: float
    why: Why
    finding: Finding | None
    suggested: Mapping[Finding, Assertion]

    @property
    def reason(self) -> str:
        """The sentence that the reader sees above the picture."""
        if self.finding is None:
            return "Drawn at random, to keep the figures honest"
        if self.why is Why.DISAGREEMENT:
            return f"Report and model contradict each other: {self.finding.title}"
        return f"Report or model is unsure: {self.finding.title}"

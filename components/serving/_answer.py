"""What the service says: the answer to one study, a refusal, and its own state."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from components.catalog import View
from components.findings import Finding


class _Said(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FindingAnswer(_Said):
    """One finding: `positive` is probability ≥ threshold, null where the model has no threshold for it."""

    probability: float
    threshold: float | None
    positive: bool | None

    @classmethod
    def of(cls, probability: float, threshold: float | None) -> Self:
        """The answer at this probability."""
        positive = None if threshold is None else probability >= threshold
        return cls(probability=probability, threshold=threshold, positive=positive)


class Overlay(_Said):
    """Where the finding's probability comes from: Grad-CAM over the model's pictures, as data URIs of PNGs.

    `lateral` where a lateral image was judged with the frontal one; both are on one scale.
    """

    finding: Finding
    image: str
    lateral: str | None


class Answer(_Said):
    """All of the model in service on one study; research use, no diagnosis.

    `view` is the first frontal image's, which the overlay is laid over; `both_views` tells whether a lateral image
    was judged with it. `additional_findings` are the hospital's own, by the heads in service (`radloop fit-head`).
    """

    model_version: str
    snapshot: str
    view: View
    both_views: bool
    findings: dict[Finding, FindingAnswer]
    additional_findings: dict[str, FindingAnswer]
    overlay: Overlay | None
    warnings: tuple[str, ...]


class Refusal(_Said):
    """Why a request is not answered, in one sentence."""

    error: str


class ServiceState(_Said):
    """Which model answers since when, and what keeps a newer one from doing so; `heads` are versions by finding."""

    model_version: str | None
    heads: dict[str, str]
    since: datetime | None
    problem: str | None

"""What the service says: the answer to one study, a refusal, and its own state."""

from datetime import datetime

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
    was judged with it.
    """

    model_version: str
    snapshot: str
    view: View
    both_views: bool
    findings: dict[Finding, FindingAnswer]
    overlay: Overlay | None
    warnings: tuple[str, ...]


class Refusal(_Said):
    """Why a request is not answered, in one sentence."""

    error: str


class ServiceState(_Said):
    """Which model answers since when, and what keeps a newer one from doing so."""

    model_version: str | None
    since: datetime | None
    problem: str | None

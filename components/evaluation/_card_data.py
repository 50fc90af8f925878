"""What a report card is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from components.catalog import Box
from components.evaluation._comparison import Assessment, Comparison
from components.evaluation._efficiency import EfficiencyStudy
from components.evaluation._pointing import PointingRate


class Outcome(StrEnum):
    """What becomes of the candidate."""

    PROMOTED = "promoted"
    WAITS = "waits for approval"
    ASIDE = "passed, not in service"
    REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class CardClause:
    """One condition of the gate, with its figures in a sentence."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True, kw_only=True)
class SideSize:
    """How much of the snapshot lies on one side of the split."""

    side: str
    patients: int
    studies: int
    images: int


@dataclass(frozen=True, kw_only=True)
class DataCheck:
    """One check of the data before training."""

    name: str
    passed: bool
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class CardChange:
    """One label that readers changed since the snapshot before; study and readers by pseudonym."""

    study: str
    finding: str
    before: str
    after: str
    by: str


@dataclass(frozen=True, kw_only=True)
class CardDifference:
    """One thing that is not as it was for the champion: a setting, a version, a size; "–" where there was none."""

    name: str
    champion: str
    candidate: str


@dataclass(frozen=True, kw_only=True)
class CurvePoint:
    """One epoch of the training; NaN where a figure was not computed."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_auc: float


@dataclass(frozen=True, kw_only=True)
class CardTrial:
    """One strategy that competed on the validation patients; `error` is of its difference from the best, or NaN."""

    strategy: str
    validation_auc: float
    error: float
    chosen: bool


@dataclass(frozen=True, kw_only=True)
class GalleryView:
    """One picture of a study, JPEG: as it is, and with the heat laid over it; boxes in shares of the picture."""

    name: str
    plain: bytes = field(repr=False)
    heat: bytes = field(repr=False)
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, kw_only=True)
class GalleryPicture:
    """Where the model looked in one study; agreed: the label says present as well."""

    finding: str
    probability: float
    agreed: bool
    views: tuple[GalleryView, ...]


@dataclass(frozen=True, kw_only=True)
class CardData:
    """Everything that one report card shows; pseudonyms only. What is empty or None is left out of the card."""

    site: str
    candidate: str
    champion: str | None
    outcome: Outcome
    sentence: str
    clauses: tuple[CardClause, ...]
    found: Comparison | Assessment
    snapshot_hash: str
    sides: tuple[SideSize, ...]
    label_sources: Mapping[str, int]
    checks: tuple[DataCheck, ...]
    settings: Mapping[str, str]
    versions: Mapping[str, str]
    generated: datetime
    max_label_loss: float | None = None
    differences: tuple[CardDifference, ...] = ()
    changes: tuple[CardChange, ...] = ()
    efficiency: EfficiencyStudy | None = None
    training: tuple[CurvePoint, ...] = ()
    duo_training: tuple[CurvePoint, ...] = ()
    trials: tuple[CardTrial, ...] = ()
    gallery: tuple[GalleryPicture, ...] = ()
    pointing: tuple[PointingRate, ...] = ()

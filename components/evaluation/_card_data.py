"""What a report card is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from components.evaluation._comparison import Assessment, Comparison


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
class CurvePoint:
    """One epoch of the training; NaN where a figure was not computed."""

    epoch: int
    train_loss: float
    validation_loss: float
    validation_auc: float


@dataclass(frozen=True, kw_only=True)
class GalleryPicture:
    """One Grad-CAM overlay; the caption names study and finding by pseudonym and title."""

    png: bytes = field(repr=False)
    caption: str


@dataclass(frozen=True, kw_only=True)
class CardData:
    """Everything that one report card shows; pseudonyms only."""

    site: str
    candidate: str
    champion: str | None
    promoted: bool
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
    training: tuple[CurvePoint, ...] = ()
    gallery: tuple[GalleryPicture, ...] = ()
    changes: tuple[CardChange, ...] = ()

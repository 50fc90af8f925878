"""The database of studies, images, reports and everything that anybody asserted about them."""

from components.catalog._catalog import Catalog
from components.catalog._records import (
    ImageRecord,
    LabelEvent,
    LabelSource,
    Prediction,
    RelabelTask,
    ReportRecord,
    ReportStatus,
    Side,
    StudyRecord,
    View,
)

__all__ = [
    "Catalog",
    "ImageRecord",
    "LabelEvent",
    "LabelSource",
    "Prediction",
    "RelabelTask",
    "ReportRecord",
    "ReportStatus",
    "Side",
    "StudyRecord",
    "View",
]

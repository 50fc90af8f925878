"""The database of studies, images, reports and everything that anybody asserted about them."""

from components.catalog._catalog import Catalog
from components.catalog._forgetting import Holdings
from components.catalog._records import (
    Box,
    ImageQuality,
    ImageRecord,
    LabelEvent,
    LabelSource,
    PatientClass,
    Prediction,
    Reading,
    RelabelTask,
    ReportRecord,
    ReportStatus,
    Side,
    StudyRecord,
    View,
)

__all__ = [
    "Box",
    "Catalog",
    "Holdings",
    "ImageQuality",
    "ImageRecord",
    "LabelEvent",
    "LabelSource",
    "PatientClass",
    "Prediction",
    "Reading",
    "RelabelTask",
    "ReportRecord",
    "ReportStatus",
    "Side",
    "StudyRecord",
    "View",
]

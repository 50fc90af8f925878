"""Is one model better than another, for which finding, by how much: the figures and the page they stand on."""

from components.evaluation._assess import assess
from components.evaluation._card import write_report_card
from components.evaluation._card_data import (
    CardChange,
    CardClause,
    CardData,
    CurvePoint,
    DataCheck,
    GalleryPicture,
    SideSize,
)
from components.evaluation._compare import compare
from components.evaluation._comparison import (
    Assessment,
    Comparison,
    LabelAssessment,
    LabelComparison,
    LabelVerdict,
    OverallComparison,
)
from components.evaluation._delong import Area, PairedAreas, area, paired_areas
from components.evaluation._files import compare_files
from components.evaluation._gradcam import grad_cam, overlay
from components.evaluation._interval import Interval
from components.evaluation._predict import predict
from components.evaluation._roc import RocCurve
from components.evaluation._text import (
    auc_text,
    difference_interval_text,
    difference_text,
    interval_text,
    label_title,
    p_text,
)
from components.evaluation._thresholds import choose_thresholds

__all__ = [
    "Area",
    "Assessment",
    "CardChange",
    "CardClause",
    "CardData",
    "Comparison",
    "CurvePoint",
    "DataCheck",
    "GalleryPicture",
    "Interval",
    "LabelAssessment",
    "LabelComparison",
    "LabelVerdict",
    "OverallComparison",
    "PairedAreas",
    "RocCurve",
    "SideSize",
    "area",
    "assess",
    "auc_text",
    "choose_thresholds",
    "compare",
    "compare_files",
    "difference_interval_text",
    "difference_text",
    "grad_cam",
    "interval_text",
    "label_title",
    "overlay",
    "p_text",
    "paired_areas",
    "predict",
    "write_report_card",
]

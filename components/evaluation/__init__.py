"""Is one model better than another, for which finding, by how much: the figures and the page they stand on."""

from components.evaluation._assess import assess
from components.evaluation._boxes import boxes_on_inputs, drawn_boxes, nih_boxes, place_boxes
from components.evaluation._calibration import Calibration, IsotonicMap, LogitMap, fit_calibration
from components.evaluation._card import write_report_card
from components.evaluation._card_data import (
    CardChange,
    CardClause,
    CardData,
    CardDifference,
    CardTrial,
    CurvePoint,
    DataCheck,
    GalleryPicture,
    GalleryView,
    Outcome,
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
from components.evaluation._details import details
from components.evaluation._efficiency import (
    EfficiencyCurves,
    EfficiencyGap,
    EfficiencyPoint,
    EfficiencyRepeats,
    EfficiencyStudy,
    EmbeddingMap,
    efficiency_curves,
    embedding_map,
)
from components.evaluation._efficiency_page import write_efficiency_page
from components.evaluation._files import compare_files
from components.evaluation._gallery import gallery
from components.evaluation._gradcam import Heat, grad_cam, grad_cams, overlay
from components.evaluation._interval import Interval
from components.evaluation._operating import OperatingPoint
from components.evaluation._pointing import PointingRate, pointing_game
from components.evaluation._predict import predict, probabilities
from components.evaluation._print import print_to_pdf
from components.evaluation._readers import ReaderComparison, against_readers
from components.evaluation._reliability import (
    CalibrationComparison,
    LabelReliability,
    Reliability,
    ReliabilityBin,
    reliability,
)
from components.evaluation._roc import RocCurve
from components.evaluation._subgroups import SubgroupAssessment, SubgroupComparison, subgroup_frame
from components.evaluation._text import (
    auc_text,
    difference_interval_text,
    difference_text,
    interval_text,
    label_title,
    p_text,
)
from components.evaluation._thresholds import choose_thresholds
from components.evaluation._views import ViewsTrial, judge_views

__all__ = [
    "Area",
    "Assessment",
    "Calibration",
    "CalibrationComparison",
    "CardChange",
    "CardClause",
    "CardData",
    "CardDifference",
    "CardTrial",
    "Comparison",
    "CurvePoint",
    "DataCheck",
    "EfficiencyCurves",
    "EfficiencyGap",
    "EfficiencyPoint",
    "EfficiencyRepeats",
    "EfficiencyStudy",
    "EmbeddingMap",
    "GalleryPicture",
    "GalleryView",
    "Heat",
    "Interval",
    "IsotonicMap",
    "LabelAssessment",
    "LabelComparison",
    "LabelReliability",
    "LabelVerdict",
    "LogitMap",
    "OperatingPoint",
    "Outcome",
    "OverallComparison",
    "PairedAreas",
    "PointingRate",
    "ReaderComparison",
    "Reliability",
    "ReliabilityBin",
    "RocCurve",
    "SideSize",
    "SubgroupAssessment",
    "SubgroupComparison",
    "ViewsTrial",
    "against_readers",
    "area",
    "assess",
    "auc_text",
    "boxes_on_inputs",
    "choose_thresholds",
    "compare",
    "compare_files",
    "details",
    "difference_interval_text",
    "difference_text",
    "drawn_boxes",
    "efficiency_curves",
    "embedding_map",
    "fit_calibration",
    "gallery",
    "grad_cam",
    "grad_cams",
    "interval_text",
    "judge_views",
    "label_title",
    "nih_boxes",
    "overlay",
    "p_text",
    "paired_areas",
    "place_boxes",
    "pointing_game",
    "predict",
    "print_to_pdf",
    "probabilities",
    "reliability",
    "subgroup_frame",
    "write_efficiency_page",
    "write_report_card",
]

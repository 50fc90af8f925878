"""What a radiology report asserts of each of the 14 observations."""

from components.labeler._catalogued import label_reports
from components.labeler._labeling import LABELER_VERSION, Explanation, explain, label_report
from components.labeler._scorecard import LabelerScore, LabelerScorecard, LabelerScores, score_labeler
from components.labeler._sections import Sections, split_sections
from components.labeler._table import Labelled, TableReason, label_csv

__all__ = [
    "LABELER_VERSION",
    "Explanation",
    "LabelerScore",
    "LabelerScorecard",
    "LabelerScores",
    "Labelled",
    "Sections",
    "TableReason",
    "explain",
    "label_csv",
    "label_report",
    "label_reports",
    "score_labeler",
    "split_sections",
]

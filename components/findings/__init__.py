"""The fourteen observations that every label, model and report card speaks of."""

from components.findings._assertion import Assertion
from components.findings._dataset import DATASET_NAMES, Dataset, labelled_by, release_of
from components.findings._finding import FINDINGS, PARENTS, Finding, descendants

__all__ = [
    "DATASET_NAMES",
    "FINDINGS",
    "PARENTS",
    "Assertion",
    "Dataset",
    "Finding",
    "descendants",
    "labelled_by",
    "release_of",
]

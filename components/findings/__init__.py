"""The fourteen observations that every label, model and report card speaks of."""

from components.findings._assertion import Assertion
from components.findings._finding import DATASET_NAMES, FINDINGS, PARENTS, Finding, descendants

__all__ = ["DATASET_NAMES", "FINDINGS", "PARENTS", "Assertion", "Finding", "descendants"]

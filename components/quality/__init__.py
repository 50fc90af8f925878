"""Great Expectations over the catalog's tables: whether data are fit to be learned from."""

from components.quality._ingest import check_ingest
from components.quality._report import CheckResult, QualityReport, Severity
from components.quality._retraining import check_retraining

__all__ = ["CheckResult", "QualityReport", "Severity", "check_ingest", "check_retraining"]

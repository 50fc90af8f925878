"""Great Expectations over the catalog's tables: whether data are fit to be learned from."""

from components.quality._docs import write_data_docs
from components.quality._duplicates import fingerprint, near_duplicates
from components.quality._ingest import check_ingest
from components.quality._profile import SnapshotProfile, profile_of
from components.quality._report import CheckResult, QualityReport, Severity
from components.quality._retraining import check_retraining

__all__ = [
    "CheckResult",
    "QualityReport",
    "Severity",
    "SnapshotProfile",
    "check_ingest",
    "check_retraining",
    "fingerprint",
    "near_duplicates",
    "profile_of",
    "write_data_docs",
]

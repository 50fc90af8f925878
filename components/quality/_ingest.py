"""The suite over what the catalog holds of one site, after an ingest."""

from collections.abc import Sequence

import pandas as pd

from components.catalog import Catalog, LabelSource, View
from components.findings import Assertion, Finding
from components.quality._checkpoint import Table, run_checkpoint
from components.quality._report import QualityReport, Severity
from components.quality._rules import Rule, between, filled, has_rows, one_of, share_of, unique

OLDEST = 90
"""De-identification pools everybody older than 89 as 90."""

_SMALLEST_SIDE, _LARGEST_SIDE = 64, 16384
_MOST_IMAGES = 20


def check_ingest(catalog: Catalog, site: str, *, least_reported: float = 0.5) -> QualityReport:
    """Judges what the catalog holds of a site: keys, closed sets, ranges, and how complete it is.

    Critical: keys missing or double, ages outside 0..90, views, findings or assertions outside their closed set.
    Warnings: nothing there, few reports, labels or frontal views, double files, odd image sizes.

    Args:
        catalog: read only.
        site: whose rows are judged.
        least_reported: share of studies that should have a report.
    """
    studies, images, events = catalog.studies(site), catalog.images(site), catalog.label_events(site)
    tables: list[Table] = [
        ("studies", _completed(studies, images, events), _study_rules(least_reported)),
        ("images", images, _IMAGE_RULES),
        ("labels", events, _LABEL_RULES),
    ]
    return QualityReport(f"site '{site}'", run_checkpoint(tables))


def _completed(studies: pd.DataFrame, images: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The studies, with what the other tables say of each."""
    frontal = images.loc[images["view"].isin([view.value for view in View if view.is_frontal]), "study"]
    return studies.assign(
        images=studies["study"].map(images["study"].value_counts()).fillna(0).astype("int64"),
        **{
            "with a frontal image": studies["study"].isin(frontal),
            "with a report": studies["report"].notna(),
            "labelled where reported": studies["report"].isna() | studies["study"].isin(events["study"]),
        },
    )


def _study_rules(least_reported: float) -> Sequence[Rule]:
    return (
        has_rows("studies", Severity.WARNING),
        unique("study"),
        filled("study"),
        filled("patient"),
        between("age", 0, OLDEST, severity=Severity.CRITICAL),
        filled("age", severity=Severity.WARNING, share=0.5),
        filled("date", severity=Severity.WARNING, share=0.9),
        one_of("sex", ("F", "M", "O"), severity=Severity.WARNING),
        one_of("modality", ("CR", "DX"), severity=Severity.WARNING),
        between("images", 1, _MOST_IMAGES, severity=Severity.WARNING),
        share_of("with a frontal image", 0.8, "studies have a frontal image"),
        share_of("with a report", least_reported, "studies have a report"),
        share_of("labelled where reported", 0.99, "studies have labels or no report"),
    )


_IMAGE_RULES = (
    unique("image"),
    filled("image"),
    filled("study"),
    filled("dicom_key"),
    filled("input_key"),
    one_of("view", [view.value for view in View]),
    unique("sha256", severity=Severity.WARNING),
    between("rows", _SMALLEST_SIDE, _LARGEST_SIDE, severity=Severity.WARNING),
    between("columns", _SMALLEST_SIDE, _LARGEST_SIDE, severity=Severity.WARNING),
)

_LABEL_RULES = (
    unique("key"),
    filled("study"),
    filled("author"),
    one_of("finding", [finding.value for finding in Finding]),
    one_of("assertion", [assertion.value for assertion in Assertion]),
    one_of("source", [source.value for source in LabelSource]),
)

"""The labeller's scorecard from what the catalog holds."""

import pandas as pd

from components.catalog import Catalog, LabelSource
from components.labeler import LabelerScorecard, score_labeler
from components.labels import current_labels
from components.settings import Settings


def labeler_scorecard(settings: Settings, site: str | None = None) -> LabelerScorecard:
    """The labeller against the people who read the same studies."""
    site = site or settings.site
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        events, studies, reports = catalog.label_events(site), catalog.studies(site), catalog.reports(site)
    people = events[events["source"] != LabelSource.LABELER.value]
    return score_labeler(events=events, readings=current_labels(people), studies=_with_receipt(studies, reports))


def _with_receipt(studies: pd.DataFrame, reports: pd.DataFrame) -> pd.DataFrame:
    received = reports.loc[reports["current"], ["study", "received"]]
    return studies[["study", "patient"]].merge(received, on="study", how="left")

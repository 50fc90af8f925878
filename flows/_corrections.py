"""What readers put right between one snapshot and the next, for the report card."""

from pathlib import Path

from components.catalog import Catalog, LabelSource
from components.datasets import Snapshot
from components.evaluation import CardChange
from components.labels import CODES, UNLABELLED, current_labels, label_changes, propagate
from components.settings import Settings
from flows._kept import codes_of, labels_before


def corrections(snapshot: Snapshot, *, site: str, run: Path, settings: Settings) -> tuple[CardChange, ...]:
    """The labels that readers changed since the site's snapshot before the one in `run`.

    Studies that the snapshot before does not hold are compared with what the labeller alone says of them; so are
    all where no snapshot before is kept here.
    """
    with Catalog.open(settings.catalog.get_secret_value()) as catalog:
        events = catalog.label_events(site)
    by_labeller = propagate(current_labels(events[events["source"] == LabelSource.LABELER.value]))
    frozen = labels_before(site, run, settings)
    before = by_labeller if frozen is None else frozen.combine_first(by_labeller).astype("int8")
    words = {code: assertion.value for assertion, code in CODES.items()} | {UNLABELLED: "unlabelled"}
    return tuple(
        CardChange(study=row.study, finding=row.finding, before=words[row.before], after=words[row.after], by=row.by)
        for row in label_changes(before, codes_of(snapshot.manifest), events).itertuples()
    )

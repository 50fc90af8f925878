"""Which labels people changed from one snapshot to the next."""

import pandas as pd

from components.labels._codes import COLUMNS
from components.labels._current import words_of_readers

_COLUMNS = ["study", "finding", "before", "after", "by"]


def label_changes(before: pd.DataFrame, after: pd.DataFrame, events: pd.DataFrame) -> pd.DataFrame:
    """The labels that differ where readers had a say: study, finding, before, after (codes), by; sorted.

    Args:
        before: codes by study, the 14 columns: what held for the snapshot before.
        after: codes by study: what holds now; studies that `before` does not have are passed over.
        events: the label events of these studies.

    `by` names the readers who stated the finding. A label that no reader stated but that differs in a study
    that people read (it follows by the hierarchy from what they stated, or a statement was taken back) is by all
    those readers; a difference in a study that nobody read came with another report or labeller and is left out.
    """
    shared = after.index.intersection(before.index)
    pairs = pd.DataFrame({"before": before.loc[shared, COLUMNS].stack(), "after": after.loc[shared, COLUMNS].stack()})
    changed = pairs[pairs["before"] != pairs["after"]].rename_axis(["study", "finding"]).reset_index()
    changed["by"] = _readers(changed, events)
    return changed.loc[changed["by"] != "", _COLUMNS].sort_values(["study", "finding"], ignore_index=True)


def _readers(changed: pd.DataFrame, events: pd.DataFrame) -> list[str]:
    """For each change its readers' pseudonyms, comma-separated; empty where nobody read the study."""
    words = words_of_readers(events)
    of_finding = words.groupby(["study", "finding"])["author"].agg(_joined).to_dict()
    read = events[events["source"] != "labeler"]
    of_study = read.groupby("study")["author"].agg(_joined).to_dict()
    return [
        of_finding.get((study, finding)) or of_study.get(study, "")
        for study, finding in changed[["study", "finding"]].itertuples(index=False, name=None)
    ]


def _joined(authors: pd.Series) -> str:
    return ", ".join(sorted(set(authors)))

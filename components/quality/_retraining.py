"""The suite over a frozen snapshot's manifest, before anything is trained on it."""

from collections.abc import Collection, Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from components.catalog import Side, View
from components.findings import FINDINGS
from components.quality._checkpoint import Table, run_checkpoint
from components.quality._drift import drift_table
from components.quality._duplicates import fingerprint, near_duplicates
from components.quality._ingest import OLDEST
from components.quality._profile import SnapshotProfile, profile_of
from components.quality._report import QualityReport, Severity
from components.quality._rules import (
    Rule,
    at_least,
    at_most,
    between,
    filled,
    has_columns,
    has_rows,
    holds,
    one_of,
    share_of,
    unique,
)

_CODES = (1, 0, -1, -2, -3)  # present, absent, uncertain, unmentioned, unlabelled
_POSITIVE = 0.5  # soft targets of uncertain statements lie on either side of it

_ONE_LABELER = "one version of the labeller"

_COLUMNS = (
    *("image", "study", "patient", "side", "view", "date", "age", "sex", "manufacturer"),
    *(f"{kind}_{finding}" for kind in ("label", "target", "weight") for finding in FINDINGS),
)


def check_retraining(  # noqa: PLR0913  what a retraining depends on
    manifest: pd.DataFrame,
    *,
    pictures: Iterable[NDArray[np.uint8]] | None = None,
    labelers: Collection[str] = (),
    accepted: SnapshotProfile | None = None,
    subject: str = "the snapshot",
    least_of_a_class: int = 5,
) -> QualityReport:
    """Judges a snapshot: whether it can be trained on and the gate can trust its sides.

    Critical: columns or keys missing, an image twice, a patient on two sides, a side without patients, one picture
    on two sides, codes, targets or weights outside their range, ages outside 0..90, no label with both classes to
    learn from, labels by two versions of the labeller, and a finding's share beyond belief (`drift_table`).
    Warnings: a label with fewer than `least_of_a_class` training studies in its rarer class, few frontal views,
    one picture under two identities, two months without
    a study, and other changes since the last accepted snapshot.

    Args:
        manifest: one row an image, the columns of `datasets.Snapshot.manifest`.
        pictures: uint8 [S, S] each, in the manifest's order; without them no picture is compared.
        labelers: the versions of the report labeller whose labels these are.
        accepted: the profile of the site's last accepted snapshot; without it there is nothing to have drifted from.
        subject: how messages name the snapshot (its site or short hash).
        least_of_a_class: training studies that the rarer class of a label should have.
    """
    missing = set(_COLUMNS) - set(manifest.columns)
    tables: list[Table] = [("manifest", manifest, (has_columns(_COLUMNS),))]
    if not missing:
        tables = [
            ("manifest", manifest, (has_columns(_COLUMNS), *_manifest_rules())),
            ("patients", _patients(manifest), _PATIENT_RULES),
            ("studies", _studies(manifest), _STUDY_RULES),
            ("training side", _classes(manifest), _class_rules(least_of_a_class)),
            ("labels", pd.DataFrame([{_ONE_LABELER: len(labelers) <= 1}]), (_one_labeler(labelers),)),
        ]
        if pictures is not None:
            tables.append(("pictures", *_pictures(manifest, pictures)))
        if accepted is not None:
            tables.append(("drift", *drift_table(profile_of(manifest, site=accepted.site), accepted)))
    return QualityReport(subject, run_checkpoint(tables))


def _manifest_rules() -> list[Rule]:
    return [
        has_rows("images", Severity.CRITICAL),
        unique("image"),
        *(filled(key) for key in ("image", "study", "patient", "side")),
        one_of("side", [side.value for side in Side]),
        one_of("view", [view.value for view in View]),
        between("age", 0, OLDEST, severity=Severity.CRITICAL),
        *(one_of(f"label_{finding}", _CODES) for finding in FINDINGS),
        *(between(f"target_{finding}", 0, 1, severity=Severity.CRITICAL) for finding in FINDINGS),
        *(between(f"weight_{finding}", 0, None, severity=Severity.CRITICAL) for finding in FINDINGS),
    ]


_PATIENT_RULES = (
    between("number of sides", 1, 1, severity=Severity.CRITICAL),
    *(
        at_least(side.value, 1, f"{side.value} side present", "{} patients are on the " + side.value + " side",
                 severity=Severity.CRITICAL)
        for side in Side
    ),
)  # fmt: skip


def _patients(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row a patient: on how many sides; and, the same in every row, how many patients each side has."""
    sides = manifest.groupby("patient")["side"]
    patients = manifest.groupby("side")["patient"].nunique()
    return pd.DataFrame({"number of sides": sides.nunique()}).assign(
        **{side.value: int(patients.get(side.value, 0)) for side in Side}
    )


_LONGEST_GAP = 60
_STUDY_RULES = (
    share_of("with a frontal image", 0.8, "studies have a frontal image"),
    # Dates are shifted by each patient's days: a gap that still shows is longer than what was shifted together.
    at_most(
        "days since the study before",
        _LONGEST_GAP,
        "no long gap",
        "The longest time without a study is {} days",
    ),
)


def _studies(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row a study in the order of their dates: has it a frontal image, how long after the one before it."""
    frontal = manifest["view"].isin([view.value for view in View if view.is_frontal])
    dates = pd.to_datetime(manifest.groupby("study")["date"].first()).sort_values()
    return pd.DataFrame(
        {
            "with a frontal image": frontal.groupby(manifest["study"]).any().reindex(dates.index),
            "days since the study before": dates.diff().dt.days.fillna(0),  # undated ones tell of no gap
        }
    )


def _classes(manifest: pd.DataFrame) -> pd.DataFrame:
    """One row: for each finding, the training studies in the rarer of its two classes; `best` is the most of them."""
    studies = manifest[manifest["side"] == Side.TRAIN.value].drop_duplicates("study")
    rarer: dict[str, int] = {}
    for finding in FINDINGS:
        known = studies.loc[studies[f"weight_{finding}"] > 0, f"target_{finding}"]
        positives = int((known >= _POSITIVE).sum())
        rarer[finding.value] = min(positives, len(known) - positives)
    return pd.DataFrame([rarer | {"best": max(rarer.values())}])


def _class_rules(least: int) -> list[Rule]:
    text = "{} training studies are in its rarer class"
    return [
        at_least("best", 1, "some label learnable", "Of the best label " + text, severity=Severity.CRITICAL),
        *(
            at_least(
                finding.value, least, f"{finding} learnable", f"{finding.title}: {text}", severity=Severity.WARNING
            )
            for finding in FINDINGS
        ),
    ]


def _one_labeler(labelers: Collection[str]) -> Rule:
    sentence = f"The labels are by {len(labelers)} versions of the labeller ({', '.join(sorted(labelers))[:80]})"
    advice = "." if len(labelers) <= 1 else ": take the reports in again, so that one version reads them all."
    return holds(_ONE_LABELER, sentence + advice, severity=Severity.CRITICAL)


def _pictures(manifest: pd.DataFrame, pictures: Iterable[NDArray[np.uint8]]) -> tuple[pd.DataFrame, list[Rule]]:
    """One row with two truths: no picture on two sides, none under two identities."""
    prints = np.stack([fingerprint(picture) for picture in pictures])
    pairs = near_duplicates(prints)
    sides, patients = (int(_differ(manifest[column].to_numpy(), pairs).sum()) for column in ("side", "patient"))
    row = pd.DataFrame([{"one side a picture": not sides, "one patient a picture": not patients}])
    return row, [
        holds(
            "one side a picture",
            f"{sides} pairs of nearly equal pictures lie on two sides of the split: find which patient is whose, "
            "since the test would know what was trained on.",
            severity=Severity.CRITICAL,
        ),
        holds("one patient a picture", f"{patients} pairs of nearly equal pictures are of two patients."),
    ]


def _differ(values: NDArray[Any], pairs: NDArray[np.int64]) -> NDArray[np.bool_]:
    first, second = values[pairs[:, 0]], values[pairs[:, 1]]
    return np.asarray(first != second)

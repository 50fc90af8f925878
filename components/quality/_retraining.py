"""The suite over a frozen snapshot's manifest, before anything is trained on it."""

import pandas as pd

from components.catalog import Side, View
from components.findings import FINDINGS
from components.quality._checkpoint import Table, run_checkpoint
from components.quality._ingest import OLDEST
from components.quality._report import QualityReport, Severity
from components.quality._rules import Rule, at_least, between, filled, has_columns, has_rows, one_of, share_of, unique

_CODES = (1, 0, -1, -2)  # present, absent, uncertain, unmentioned
_POSITIVE = 0.5  # soft targets of uncertain statements lie on either side of it

_COLUMNS = (
    *("image", "study", "patient", "side", "view", "date", "age", "sex"),
    *(f"{kind}_{finding}" for kind in ("label", "target", "weight") for finding in FINDINGS),
)


def check_retraining(
    manifest: pd.DataFrame, *, subject: str = "the snapshot", least_of_a_class: int = 5
) -> QualityReport:
    """Judges a snapshot's manifest: whether it can be trained on and the gate can trust its sides.

    Critical: columns or keys missing, an image twice, a patient on two sides, a side without patients, codes,
    targets or weights outside their range, ages outside 0..90, no label with both classes to learn from.
    Warnings: a label with fewer than `least_of_a_class` training studies in its rarer class, few frontal views.

    Args:
        manifest: one row an image, the columns of `datasets.Snapshot.manifest`.
        subject: how messages name the snapshot (its site or short hash).
        least_of_a_class: training studies that the rarer class of a label should have.
    """
    missing = set(_COLUMNS) - set(manifest.columns)
    tables: list[Table] = [("manifest", manifest, (has_columns(_COLUMNS),))]
    if not missing:
        tables = [
            ("manifest", manifest, (has_columns(_COLUMNS), *_manifest_rules())),
            ("patients", _patients(manifest), _PATIENT_RULES),
            ("studies", _studies(manifest), (share_of("with a frontal image", 0.8, "studies have a frontal image"),)),
            ("training side", _classes(manifest), _class_rules(least_of_a_class)),
        ]
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


def _studies(manifest: pd.DataFrame) -> pd.DataFrame:
    frontal = manifest["view"].isin([view.value for view in View if view.is_frontal])
    return pd.DataFrame({"with a frontal image": frontal.groupby(manifest["study"]).any()})


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

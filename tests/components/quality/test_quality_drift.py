"""A snapshot unlike the last accepted one is told, and one beyond belief stops the retraining."""

import numpy as np
import pandas as pd
import pytest

from components.errors import DataQualityError
from components.findings import FINDINGS, Finding
from components.quality import QualityReport, SnapshotProfile, check_retraining, profile_of

STUDIES = 1200


def _manifest(seed: int = 0, *, edema: float = 0.2, uncertain: float = 0.05, vendor: str = "One") -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = np.arange(STUDIES)
    codes = {f"label_{finding}": (rng.random(STUDIES) < 0.2).astype("int8") for finding in FINDINGS}
    draw = rng.random(STUDIES)
    codes["label_edema"] = np.where(draw < edema, 1, np.where(draw < edema + uncertain, -1, 0)).astype("int8")
    targets = {name.replace("label", "target"): (code == 1).astype("float32") for name, code in codes.items()}
    weights = {name.replace("label", "weight"): np.ones(STUDIES, "float32") for name in codes}
    return pd.DataFrame(
        {
            "image": [f"I{number}" for number in count],
            "study": [f"S{number}" for number in count],
            "patient": [f"P{number}" for number in count],
            "side": np.array(["train", "validation", "test"])[count % 3],
            "view": rng.choice(["PA", "AP"], STUDIES),
            "date": None,
            "age": pd.Series(rng.integers(20, 91, STUDIES), dtype="Int64"),
            "sex": rng.choice(["F", "M"], STUDIES),
            "manufacturer": vendor,
        }
    ).assign(**codes, **targets, **weights)


def _checked(now: pd.DataFrame) -> QualityReport:
    return check_retraining(now, accepted=profile_of(_manifest(1), site="local"))


def _told(report: QualityReport) -> list[str]:
    return [result.name for result in report.results if not result.passed]


def test_another_draw_of_the_same_patients_passes() -> None:
    assert _told(_checked(_manifest(2))) == []


def test_a_share_that_doubled_is_told_with_both_figures() -> None:
    report = _checked(_manifest(2, edema=0.4))
    assert _told(report) == ["drift: edema present as before"]
    assert report.passed
    assert "4" in report.warnings[0].sentence and "in the last accepted snapshot in" in report.warnings[0].sentence


def test_a_finding_that_vanished_stops_the_retraining() -> None:
    with pytest.raises(DataQualityError, match=r"Edema is present in 0\.0% of studies"):
        _checked(_manifest(2, edema=0.0)).raise_if_critical()


def test_more_uncertain_statements_are_told() -> None:
    assert _told(_checked(_manifest(2, uncertain=0.3))) == ["drift: edema uncertain as before"]


def test_a_new_vendor_is_named() -> None:
    report = _checked(_manifest(2, vendor="Another"))
    assert _told(report) == ["drift: vendor as before"]
    assert report.warnings[0].sentence.endswith("new: Another.")


def test_months_without_a_study_are_told() -> None:
    manifest = _manifest(2)
    manifest["date"] = pd.date_range("2025-01-01", periods=STUDIES, freq="h")
    manifest.loc[STUDIES // 2 :, "date"] += pd.Timedelta(days=61)
    report = _checked(manifest)
    assert _told(report) == ["studies: no long gap"]
    assert report.warnings[0].sentence == "The longest time without a study is 61 days; at most 60 are expected."


def test_a_profile_counts_and_survives_being_kept() -> None:
    profile = profile_of(_manifest(), site="local", labelers=["b", "a"])
    assert profile.labelers == ("a", "b")
    assert (profile.studies, profile.patients) == (STUDIES, STUDIES)
    assert sum(profile.findings[Finding.EDEMA.value].values()) == STUDIES
    assert sum(profile.mix["age"].values()) == STUDIES
    assert SnapshotProfile.model_validate_json(profile.model_dump_json()) == profile

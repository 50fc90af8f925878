"""The checks before a training: a manifest that would spoil the model or the gate is refused."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from components.errors import DataQualityError
from components.findings import FINDINGS
from components.quality import QualityReport, check_retraining

SIDES = ["train"] * 24 + ["validation"] * 6 + ["test"] * 10


def _manifest(**other: Any) -> pd.DataFrame:
    count = len(SIDES)
    frame = pd.DataFrame(
        {
            "image": [f"I{number}" for number in range(count)],
            "study": [f"S{number}" for number in range(count)],
            "patient": [f"P{number}" for number in range(count)],
            "side": SIDES,
            "view": "PA",
            "date": None,
            "age": pd.Series([61] * count, dtype="Int64"),
            "sex": "F",
            "manufacturer": "Invented Imaging",
        }
    )
    codes = np.arange(count) % 2
    labels = {f"label_{finding}": codes.astype("int8") for finding in FINDINGS}
    targets = {f"target_{finding}": codes.astype("float32") for finding in FINDINGS}
    weights = {f"weight_{finding}": np.ones(count, "float32") for finding in FINDINGS}
    return frame.assign(**labels, **targets, **weights).assign(**other)


def _failed(report: QualityReport) -> dict[str, str]:
    return {result.name: result.sentence for result in report.results if not result.passed}


def test_a_sound_manifest_passes() -> None:
    checks = check_retraining(_manifest())
    assert _failed(checks) == {}
    checks.raise_if_critical()


def test_a_patient_on_two_sides_is_critical() -> None:
    manifest = _manifest()
    manifest.loc[30, "patient"] = "P0"
    with pytest.raises(DataQualityError, match="In 1 of 39 rows 'number of sides' is outside"):
        check_retraining(manifest, subject="snapshot abc").raise_if_critical()


def test_a_side_without_patients_is_critical() -> None:
    checks = check_retraining(_manifest().query("side != 'test'"))
    assert [result.name for result in checks.failures] == ["patients: test side present"]
    assert checks.failures[0].sentence == "0 patients are on the test side; at least 1 are needed."


@pytest.mark.parametrize(
    ("column", "value", "name"),
    [
        ("image", "I1", "manifest: image unique"),
        ("study", None, "manifest: study filled"),
        ("side", "holdout", "manifest: side known"),
        ("view", "oblique", "manifest: view known"),
        ("age", 91, "manifest: age in range"),
        ("label_edema", 2, "manifest: label_edema known"),
        ("target_edema", 1.5, "manifest: target_edema in range"),
        ("weight_edema", -1.0, "manifest: weight_edema in range"),
    ],
)
def test_a_value_that_cannot_be_is_critical(column: str, value: Any, name: str) -> None:
    manifest = _manifest()
    manifest.loc[0, column] = value
    checks = check_retraining(manifest)
    assert [result.name for result in checks.failures] == [name]


def test_a_missing_column_is_named() -> None:
    checks = check_retraining(_manifest().drop(columns=["patient", "label_edema"]))
    assert _failed(checks) == {"manifest: columns": "The columns label_edema, patient are missing."}


def test_a_label_of_one_class_is_told() -> None:
    manifest = _manifest(target_edema=np.float32(0.0))
    manifest.loc[[1, 3, 5, 31], "target_edema"] = 1.0
    manifest.loc[5, "weight_edema"] = 0.0
    checks = check_retraining(manifest)
    assert checks.passed
    assert _failed(checks) == {
        "training side: edema learnable": "Edema: 2 training studies are in its rarer class; at least 5 are needed."
    }


def test_nothing_to_learn_is_critical() -> None:
    nothing = {f"target_{finding}": np.float32(0.0) for finding in FINDINGS}
    checks = check_retraining(_manifest(**nothing))
    assert [result.name for result in checks.failures] == ["training side: some label learnable"]


def test_an_empty_manifest_is_critical() -> None:
    checks = check_retraining(_manifest().iloc[:0])
    assert not checks.passed
    assert "manifest: images present" in _failed(checks)

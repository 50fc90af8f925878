"""Holds the label axis, the hierarchy and the assertion codes that every file format relies on."""

import pytest

from components.findings import (
    DATASET_NAMES,
    FINDINGS,
    PARENTS,
    Assertion,
    Dataset,
    Finding,
    descendants,
    labelled_by,
    release_of,
)


def test_the_label_axis_is_the_order_of_the_labelling_convention() -> None:
    assert [str(finding) for finding in FINDINGS] == [
        "enlarged_cardiomediastinum",
        "cardiomegaly",
        "lung_lesion",
        "lung_opacity",
        "edema",
        "consolidation",
        "pneumonia",
        "atelectasis",
        "pneumothorax",
        "pleural_effusion",
        "pleural_other",
        "fracture",
        "support_devices",
        "no_finding",
    ]


def test_the_hierarchy_has_no_cycle_and_reaches_grandchildren() -> None:
    assert all(finding not in descendants(finding) for finding in FINDINGS)
    assert Finding.PNEUMONIA in descendants(Finding.LUNG_OPACITY)
    assert PARENTS[Finding.PNEUMONIA] is Finding.CONSOLIDATION


@pytest.mark.parametrize("assertion", Assertion)
def test_codes_go_there_and_back(assertion: Assertion) -> None:
    assert Assertion.from_code(assertion.code) is assertion


def test_another_code_is_refused() -> None:
    with pytest.raises(ValueError, match="must be 1, 0, -1 or None"):
        Assertion.from_code(2)


def test_dataset_names_are_findings_and_titles_read_well() -> None:
    assert DATASET_NAMES["nih"]["Effusion"] is Finding.PLEURAL_EFFUSION
    assert DATASET_NAMES["chexpert"]["Enlarged Cardiomediastinum"] is Finding.ENLARGED_CARDIOMEDIASTINUM
    assert len(DATASET_NAMES["chexpert"]) == len(FINDINGS)


def test_a_dataset_is_known_by_its_author_and_labels_what_it_names() -> None:
    author = Dataset.VINDR.author("1.0.0", "R8")
    assert release_of(author) == "vindr:1.0.0"
    assert labelled_by(author) == set(FINDINGS) - {Finding.ENLARGED_CARDIOMEDIASTINUM, Finding.SUPPORT_DEVICES}
    gaps = set(FINDINGS) - Dataset.NIH.findings
    assert gaps == {Finding.ENLARGED_CARDIOMEDIASTINUM, Finding.FRACTURE, Finding.SUPPORT_DEVICES}
    for whole in (Dataset.CHEXPERT, Dataset.MIMIC, Dataset.PADCHEST):
        assert whole.findings == set(FINDINGS)


@pytest.mark.parametrize("author", ["R0123456789abcdef", "1.1+0123456789ab", "nih", "nih:", "other:1", ""])
def test_everybody_else_is_no_dataset(author: str) -> None:
    assert labelled_by(author) is release_of(author) is None

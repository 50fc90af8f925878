"""Holds that a whole report is cut into indication, findings and impression, and the indication is never labelled."""

import pytest

from components.labeler import Sections, split_sections

HEADED = """EXAM: CHEST PA AND LATERAL
CLINICAL INDICATION: Rule out pneumonia.

COMPARISON: [DATE].
FINDINGS:
The heart is normal in size.
No effusion.

IMPRESSION:
1. No acute disease.
"""


def test_headings_part_the_report() -> None:
    assert split_sections(HEADED) == Sections(
        indication="Rule out pneumonia.",
        findings="The heart is normal in size.\nNo effusion.",
        impression="1. No acute disease.",
    )


@pytest.mark.parametrize(
    "report",
    [
        "INDICATION: cough FINDINGS: Small effusion. IMPRESSION: Effusion.",
        "Indication: cough\nFindings: Small effusion.\nImpression: Effusion.",
        "Indication: cough\rFindings: Small effusion.\rImpression: Effusion.",
        "History\ncough\nFINDINGS\nSmall effusion.\nOPINION\nEffusion.",
    ],
)
def test_headings_in_any_dress(report: str) -> None:
    assert split_sections(report) == Sections(indication="cough", findings="Small effusion.", impression="Effusion.")


def test_text_without_headings_is_findings() -> None:
    text = "There is a history: of trouble. No findings of pneumonia."
    assert split_sections(text) == Sections(indication="", findings=text, impression="")


@pytest.mark.parametrize(
    ("text", "findings", "impression"),
    [
        ("The lungs are clear.", "The lungs are clear.", ""),
        ("FINDINGS: Clear.\nIMPRESSION: Normal.", "Clear.", "Normal."),
        ("Indication: Cough. Findings: Clear. Impression: Normal.", "Clear.", "Normal."),
        (
            "EXAM: CXR\n\nCLINICAL HISTORY: rule out pneumonia\n\nFINDINGS:\nClear.\n\nCONCLUSION:\nNormal.",
            "Clear.",
            "Normal.",
        ),
        ("Clear lungs.\nIMPRESSION:\n1. Normal.\n2. Nothing.", "Clear lungs.", "1. Normal.\n2. Nothing."),
        ("EXAM: CXR\nThe lungs are clear.", "The lungs are clear.", ""),
        ("HISTORY: cough\n\nThe lungs are clear.\n\nIMPRESSION: Normal.", "The lungs are clear.", "Normal."),
        ("Impression: Normal.\nRecommendation: CT.", "", "Normal."),
        ("", "", ""),
    ],
)
def test_sections_by_headings_and_without(text: str, findings: str, impression: str) -> None:
    sections = split_sections(text)
    assert (sections.findings, sections.impression) == (findings, impression)

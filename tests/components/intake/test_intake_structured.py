"""DICOM structured reports: the words of each section, and no document without words."""

from datetime import UTC, date, datetime, time

import pydicom
import pytest
from pydicom import Dataset
from structured_report import content_item

from components.intake import Reason
from components.intake._reports import reports_in
from components.intake._scan import Kind, kind_of


@pytest.fixture
def read(tmp_path, document):
    """What becomes of a structured report with these changes."""

    def item(**changes):
        file = tmp_path / "sr.dcm"
        pydicom.dcmwrite(file, document(**changes), enforce_file_format=True)
        assert kind_of(file) is Kind.STRUCTURED_REPORT
        (only,) = reports_in(file, Kind.STRUCTURED_REPORT)
        return only

    return item


def test_a_report_of_the_standards_template_is_read(read):
    message = read().message
    assert (message.accession, message.patient_id, message.report_id) == ("ACC778899", "QZPID12345", "1.2.3.4.88")
    assert (message.day, message.clock) == (date(2023, 5, 10), time(10, 15))
    assert message.issued == datetime(2023, 5, 11, 12, tzinfo=UTC)
    assert message.status == "final"
    assert (message.sections.findings, message.sections.impression) == ("Opacity.", "New.")
    assert {"QZFAMILY^QZGIVEN", "QZAUTHOR^TOM", "QZREADER^EVE"} <= message.names
    assert "ACC778899" in message.identifiers


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({}, "final"),
        ({"VerificationFlag": "UNVERIFIED"}, "preliminary"),
        ({"CompletionFlag": "PARTIAL"}, "preliminary"),
        ({"PreliminaryFlag": "PRELIMINARY"}, "preliminary"),
        ({"VerificationFlag": "UNVERIFIED", "PreliminaryFlag": "FINAL"}, "final"),
        ({"PredecessorDocumentsSequence": [Dataset()]}, "corrected"),
    ],
)
def test_the_flags_give_the_status(read, changes, status):
    assert read(**changes).message.status == status


def coded(code: str, meaning: str, said: str) -> Dataset:
    item, value = content_item("CODE", code, meaning), Dataset()
    value.CodeValue, value.CodingSchemeDesignator, value.CodeMeaning = "1", "99X", said
    item.ConceptCodeSequence = [value]
    return item


def test_text_is_told_by_its_section_in_old_codes_and_new(read):
    tree = [
        content_item("TEXT", "11329-0", "History", TextValue="Rule out pneumonia."),
        content_item("CONTAINER", "59776-5", "Findings", coded("121071", "Finding", "Cardiomegaly"),
                     content_item("TEXT", "99", "Lung", TextValue="Clear lungs.")),
        content_item("TEXT", "19005-8", "Impression", TextValue="Large heart."),
        content_item("TEXT", "18834-2", "Comparison", TextValue="Effusion was there."),
    ]  # fmt: skip
    sections = read(ContentSequence=tree).message.sections
    assert (sections.findings, sections.impression) == ("Cardiomegaly\nClear lungs.", "Large heart.")


def test_one_text_with_headings_is_parted_by_them(read):
    tree = [content_item("TEXT", "99", "Report", TextValue="FINDINGS: Clear.\r\nIMPRESSION: Normal.")]
    sections = read(ContentSequence=tree).message.sections
    assert (sections.findings, sections.impression) == ("Clear.", "Normal.")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}, "measurements, dose"),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.65"}, "measurements, dose"),
        ({"ContentSequence": [coded("121071", "Finding", "Nodule")]}, "holds no text"),
        ({"ContentSequence": [content_item("CONTAINER", "126010", "Imaging Measurements",
                                           content_item("TEXT", "112039", "Name", TextValue="x"))]}, "holds no text"),
        ({"ContentSequence": None}, "holds no text"),
        ({"CompletionFlag": "PARTIAL", "VerificationFlag": "UNVERIFIED"}, "draft"),
        ({"PatientID": ""}, "no patient"),
    ],
)  # fmt: skip
def test_documents_without_a_radiologists_words_are_refused(read, changes, sentence):
    item = read(**changes)
    assert item.refusal.reason is Reason.BAD_REPORT
    assert sentence in str(item.refusal)
    assert item.content[128:132] == b"DICM"

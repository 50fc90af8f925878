"""HL7 messages, CSV rows and sections: every report that people send is read, and nothing broken gets in."""

from datetime import date

import pytest

from components.catalog import ReportStatus
from components.errors import RefusedInputError
from components.intake import Reason
from components.intake._hl7 import parse_message, split_messages, unescaped
from components.intake._table import parse_row, split_rows


def parsed(text: str, encoding: str = "utf-8"):
    (only,) = split_messages(text.encode(encoding))
    return parse_message(only)


def test_a_message_gives_numbers_date_status_sections_and_names(message):
    report = parsed(message())
    assert (report.accession, report.report_id, report.patient_id) == ("ACC778899", "FILLACC778899", "QZPID12345")
    assert (report.day, report.status) == (date(2023, 5, 10), ReportStatus.FINAL)
    assert report.sections.findings.startswith("The lungs are clear.")
    assert report.sections.impression.startswith("No acute disease.")
    assert {"QZFAMILY^QZGIVEN", "QZREFERRER^ANNA", "QZREADER^EVE"} <= report.names
    assert {"QZPID12345", "ACC778899", "(999) 555-1234", "7 Qzstreet Road", "QZHOSPITAL"} <= report.identifiers
    assert "QZ" not in repr(report)


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
def test_files_hold_one_or_many_messages_with_or_without_batch_segments(message, ending):
    text = "FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r" + message() + message(accession="ACC2") + "BTS|2\rFTS|1\r"
    messages = list(split_messages(text.replace("\r", ending).encode()))
    assert [parse_message(one).accession for one in messages] == ["ACC778899", "ACC2"]
    framed = f"\x0b{message()}\x1c\r\x0b{message()}\x1c\r"
    assert len(list(split_messages(framed.encode()))) == 2


@pytest.mark.parametrize(
    ("escaped", "plain"),
    [
        (r"first\.br\second", "first\nsecond"),
        (r"a \T\ b \S\ c \F\ d \R\ e \E\ f", "a & b ^ c | d ~ e \\ f"),
        (r"\X41\\X4A4B\ \Zodd\\H\bold\N\ \XZZ\.", "AJK bold ."),
        (r"line\.sp2\line\.in+4\end\.sp99999999\.", "line\n\nline    end" + "\n" * 20 + "."),
        ("C:\\no escape here", "C:\\no escape here"),
    ],
)
def test_escape_sequences_become_what_they_stand_for(escaped, plain):
    assert unescaped(escaped) == plain


def test_repetitions_and_segments_are_lines_and_impressions_are_found_by_their_name(message):
    text = message("First line.~Second line.") + "OBX|2|TX|RAD&IMP^IMPRESSION||Nothing acute.||||||F\rOBX|3|NM|1||7\r"
    report = parsed(text)
    assert report.sections.findings == "First line.\nSecond line."
    assert report.sections.impression == "Nothing acute."


@pytest.mark.parametrize(
    ("charset", "encoding"), [("8859/1", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("", "cp1252"), ("", "utf-8")]
)
def test_character_sets_are_obeyed(message, charset, encoding):
    header, rest = message("Größe normal.").split("\r", 1)
    assert parsed(f"{header}||||||{charset}\r{rest}", encoding).sections.findings == "Größe normal."


@pytest.mark.parametrize(
    "broken",
    [
        "MSH|", "MSH|^~\\&", "MSH|^~\\&|a|b|c|d|e||ORU^R01|1|P|2.5\r", "garbage before\rMSH|^~\\&|x\r",
        "MSH|||||\r\r\r",
        "MSH|^~\\&|a|b|c|d|e||ORU^R01|1|P|2.5\rPID|1\rOBR|1\rOBX|1|TX|||text\r",
    ],
)  # fmt: skip
def test_broken_messages_are_refused(broken):
    for one in split_messages(broken.encode()):
        with pytest.raises(RefusedInputError) as refusal:
            parse_message(one)
        assert refusal.value.reason is Reason.BAD_REPORT


@pytest.mark.parametrize("change", [{"kind": "ADT^A01"}, {"text": ""}, {"patient": ""}, {"status": "?"}])
def test_messages_that_are_no_report_are_refused(message, change):
    with pytest.raises(RefusedInputError) as refusal:
        parsed(message(**change))
    assert refusal.value.reason is Reason.BAD_REPORT


def test_codes_beside_a_name_are_no_names(message):
    coded = message().replace("77^QZREFERRER^ANNA", "77^QZREFERRER^ANNA^^^DR^^^MAIN^L^^^NPI")
    assert {name for name in parsed(coded).names if "REFERRER" in name} == {"QZREFERRER^ANNA"}


def test_a_withdrawn_report_needs_no_text(message):
    assert parsed(message("", status="X")).status is ReportStatus.WITHDRAWN


HEADER = "Report_ID,accession,patient_id,patient_name,date,status,report,findings,impression,radiologist\n"


def rows(text: str, encoding: str = "utf-8-sig"):
    return [parse_row(row) for _, row in split_rows((HEADER + text).encode(encoding))]


def test_rows_give_whole_or_parted_reports():
    whole, parted = rows(
        'R1,A1,P1,"Qz, Ann",2023-05-10,F,"FINDINGS: Clear.\nIMPRESSION: Nothing.",,,Eve Reader\n'
        "R2,,P2,,10,preliminary,,Opacity.,Pneumonia.,\n\n"
    )
    assert (whole.report_id, whole.accession, whole.patient_id, whole.day) == ("R1", "A1", "P1", date(2023, 5, 10))
    assert (whole.sections.findings, whole.sections.impression) == ("Clear.", "Nothing.")
    assert whole.names == {"Qz, Ann", "Eve Reader"}
    assert (parted.sections.findings, parted.sections.impression) == ("Opacity.", "Pneumonia.")
    assert (parted.status, parted.day) == (ReportStatus.PRELIMINARY, None)
    (latin,) = rows("R1,A1,P1,,,,Größe normal.,,,\n", "cp1252")
    assert latin.sections.findings == "Größe normal."


def test_a_row_by_itself_is_a_table_again():
    (alone, row), _ = split_rows((HEADER + 'R1,A1,P1,,,,"a\n""b""",,,\nR2,A2,P2,,,,c,,,\n').encode())
    ((_, again),) = split_rows(alone)
    assert again == row


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b'report_id,report\n"broken', b"\xff\xfe\x00"])
def test_tables_without_reports_are_refused(content):
    with pytest.raises(RefusedInputError) as refusal:
        list(split_rows(content))
    assert refusal.value.reason is Reason.BAD_REPORT

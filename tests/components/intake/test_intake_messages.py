"""HL7 messages and CSV rows: every report that people send is read, and nothing broken gets in."""

import base64
from datetime import UTC, date, datetime, time

import pytest

from components.catalog import ReportStatus
from components.errors import RefusedInputError
from components.intake import Reason
from components.intake._hl7 import reports_of
from components.intake._hl7_fields import unescaped
from components.intake._scan import Kind, kind_of
from components.intake._stream import messages_of
from components.intake._table import report_of_row, rows_of


def parsed(text: str, encoding: str = "utf-8"):
    (only,) = several(text, encoding)
    return only


def several(text: str, encoding: str = "utf-8"):
    """The reports of one message, as `messages_of` hands it on; a refused one raises."""
    reports = list(reports_of(text.replace("\r", "\n").encode(encoding)))
    for report in reports:
        if isinstance(report, RefusedInputError):
            raise report
    return reports


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
def test_files_hold_one_or_many_messages_with_or_without_batch_segments(message, ending, tmp_path):
    text = "FHS|^~\\&|RIS\rBHS|^~\\&|RIS\r" + message() + message(accession="ACC2") + "BTS|2\rFTS|1\r"
    file = tmp_path / "batch"
    file.write_bytes(text.replace("\r", ending).encode())
    assert [report.accession for one in messages_of(file) for report in reports_of(one)] == ["ACC778899", "ACC2"]
    file.write_bytes(b"\xef\xbb\xbf" + f"\x0b{message()}\x1c\r\x0b{message()}\x1c\r".encode())
    assert len(list(messages_of(file))) == 2


def test_the_hour_of_the_examination_and_the_moment_of_the_result_are_read(message):
    report = parsed(message().replace("||||20230511||CR", "||||20230511093000+0200||CR"))
    assert (report.day, report.clock) == (date(2023, 5, 10), time(10, 15))
    assert report.issued == datetime(2023, 5, 11, 7, 30, tzinfo=UTC)
    assert parsed(message()).issued == datetime(2023, 5, 11, tzinfo=UTC)


def group(accession: str, text: str, status: str = "F", service: str = "CR") -> str:
    return (
        f"OBR|2|O|F{accession}|71045^XR CHEST|||20230510101500|||||||||||{accession}||||20230511||{service}|{status}\r"
        + (f"OBX|1|TX|GDT^REPORT||{text}||||||{status}\r" if text else "")
    )


def test_each_examination_of_a_message_is_a_report_of_its_own(message):
    first, second = several(message("Opacity.") + group("ACC2", "No opacity.", "P"))
    assert (first.accession, first.sections.findings, first.status) == ("ACC778899", "Opacity.", "final")
    assert (second.accession, second.sections.findings, second.status) == ("ACC2", "No opacity.", "preliminary")


def test_groups_with_one_accession_number_are_one_report(message):
    report = parsed(message("Opacity.") + group("ACC778899", "IMPRESSION: Pneumonia."))
    assert (report.sections.findings, report.sections.impression) == ("Opacity.", "Pneumonia.")


def test_examinations_read_together_share_the_one_text_they_have(message):
    first, second = several(message("Opacity.") + group("ACC2", ""))
    assert (second.accession, second.sections) == ("ACC2", first.sections)
    with pytest.raises(RefusedInputError, match="no text"):
        several(message("Opacity.") + group("ACC2", "", "I"))


def test_a_refused_examination_does_not_take_the_others_with_it(message):
    kept, other = reports_of((message("Opacity.") + group("ACC2", "WBC 7", service="LAB")).replace("\r", "\n").encode())
    assert kept.sections.findings == "Opacity."
    assert other.reason is Reason.WRONG_MODALITY


@pytest.mark.parametrize(
    ("lines", "order", "status"),
    [
        ("F", "F", "final"),
        ("C", "F", "corrected"),
        ("C", "", "corrected"),
        ("P", "", "preliminary"),
        ("W", "F", "withdrawn"),
    ],
)
def test_the_status_is_the_orders_or_what_its_lines_say(message, lines, order, status):
    text = message("Opacity.", status="F").replace("|CR|F|", f"|CR|{order}|").replace("||||||F\r", f"||||||{lines}\r")
    assert parsed(text).status == status


def test_a_deleted_line_is_not_read(message):
    text = message("Opacity.") + "OBX|2|TX|GDT||Pneumothorax.||||||D\r"
    assert parsed(text).sections.findings == "Opacity."


def test_indication_technique_and_comparison_are_told_by_their_names(message):
    lines = "OBX|2|TX|18785-6^Reason for study||Rule out pneumonia.||||||F\rOBX|3|TX|59776-5^FINDINGS||Clear.||||||F\r"
    report = parsed(message("Heart normal.") + lines)
    assert report.sections.findings == "Heart normal.\nClear."
    assert "pneumonia" not in f"{report.sections}"


def test_notes_are_the_report_where_there_is_no_other_text(message):
    text = message("").replace("OBX|1|TX|GDT^REPORT||||||||F", "NTE|1||FINDINGS: Clear.\rNTE|2||IMPRESSION: None.")
    assert (parsed(text).sections.findings, parsed(text).sections.impression) == ("Clear.", "None.")
    assert parsed(message("Opacity.") + "NTE|1||Called to the ward.\r").sections.findings == "Opacity."


def test_text_that_lines_break_is_put_together(message):
    assert parsed(message("The heart\nis large.")).sections.findings == "The heart\nis large."


def embedded(kind: str, content: bytes) -> str:
    return f"RIS^{kind}^Base64^{base64.b64encode(content).decode()}"


def test_embedded_text_is_read_and_other_documents_are_refused(message):
    text = message("").replace("OBX|1|TX|GDT^REPORT||", f"OBX|1|ED|GDT||{embedded('TEXT^PLAIN', b'Opacity.')}")
    assert parsed(text).sections.findings == "Opacity."
    pdf = message("").replace("OBX|1|TX|GDT^REPORT||", f"OBX|1|ED|GDT||{embedded('application^pdf', b'%PDF-1.7')}")
    with pytest.raises(RefusedInputError, match="embedded or linked document"):
        parsed(pdf)
    with pytest.raises(RefusedInputError, match="RTF"):
        parsed(message("{\\E\\rtf1 Opacity.}"))


@pytest.mark.parametrize(
    ("stated", "known"),
    [("O", "outpatient"), ("I^Inpatient", "inpatient"), ("e", "emergency"), ("U", None), ("", None)],
)
def test_in_or_outpatient_is_said_by_the_visit(message, stated, known):
    assert parsed(message().replace("PV1|1|O|", f"PV1|1|{stated}|")).patient_class == known
    row = {"report_id": "R1", "patient_id": "P1", "report": "Clear.", "patient_class": stated.split("^")[0]}
    assert report_of_row(row).patient_class == known


def test_a_visit_is_of_the_patient_before_it_alone(message):
    other = "PID|2||QZPID999^^^HOSP^MR||QZOTHER^QZGIVEN\r" + group("ACC2", "No opacity.")
    first, second = several(message("Opacity.") + other)
    assert (first.patient_class, second.patient_class) == ("outpatient", None)


def test_of_several_patient_numbers_the_record_number_counts(message):
    text = message().replace("QZPID12345^^^HOSP^MR", "999^^^SSA^SS~QZPID12345^^^HOSP^MR")
    assert parsed(text).patient_id == "QZPID12345"


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
        "MSH|", "MSH|^~\\&", "MSH|^~\\&|a|b|c|d|e||ORU^R01|1|P|2.5\r", "garbage before\rMSH|^~\\&|x\r", "",
        "MSH|||||\r\r\r",
        "MSH|^~\\&|a|b|c|d|e||ORU^R01|1|P|2.5\rPID|1\rOBR|1\rOBX|1|TX|||text\r",
    ],
)  # fmt: skip
def test_broken_messages_are_refused(broken):
    with pytest.raises(RefusedInputError) as refusal:
        several(broken)
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


@pytest.fixture
def rows(tmp_path):
    """Reads the rows of a table with HEADER, its commas replaced by `delimiter`."""

    def read(text: str, encoding: str = "utf-8-sig", header: str = HEADER):
        file = tmp_path / "table"
        file.write_bytes((header + text).encode(encoding))
        assert kind_of(file) is Kind.CSV
        return [report_of_row(row) for _, row in rows_of(file)]

    return read


def test_rows_give_whole_or_parted_reports(rows):
    whole, parted = rows(
        'R1,A1,P1,"Qz, Ann",2023-05-10,F,"FINDINGS: Clear.\nIMPRESSION: Nothing.",,,Eve Reader\n'
        "R2,,P2,,10,preliminary,,Opacity.,Pneumonia.,\n\n"
    )
    assert (whole.report_id, whole.accession, whole.patient_id, whole.day) == ("R1", "A1", "P1", date(2023, 5, 10))
    assert (whole.sections.findings, whole.sections.impression) == ("Clear.", "Nothing.")
    assert whole.names == {"Qz, Ann", "Eve Reader"}
    assert (parted.sections.findings, parted.sections.impression) == ("Opacity.", "Pneumonia.")
    assert (parted.status, parted.day) == (ReportStatus.PRELIMINARY, None)


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_tables_of_any_office_program_are_read(rows, encoding, delimiter):
    line = "R1,A1,P1,,10.05.2023 08:30,,Größe normal.,,,\n"
    (report,) = rows(line.replace(",", delimiter), encoding, HEADER.replace(",", delimiter))
    assert (report.sections.findings, report.day, report.clock) == ("Größe normal.", date(2023, 5, 10), time(8, 30))


def test_a_row_whose_text_was_cut_by_commas_is_refused(rows):
    with pytest.raises(RefusedInputError, match="more cells"):
        rows("R1,A1,P1,,,,No effusion, no nodule, no mass, but opacity, left\n")


def test_a_row_by_itself_is_a_table_again(tmp_path):
    file = tmp_path / "table.csv"
    file.write_text(HEADER + 'R1,A1,P1,,,,"a\n""b""",,,\nR2,A2,P2,,,,c,,,\n', newline="")
    (alone, row), _ = rows_of(file)
    file.write_bytes(alone)
    ((_, again),) = rows_of(file)
    assert again == row


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b'report_id,report\n"broken', b"\xff\xfe\x00"])
def test_tables_without_reports_are_refused(content, tmp_path):
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(RefusedInputError) as refusal:
        list(rows_of(tmp_path / "table"))
    assert refusal.value.reason is Reason.BAD_REPORT

"""Holds `radloop label`'s table: its columns and codes, whole reports, and one clear sentence for what is wrong."""

from pathlib import Path

import pytest

from components.errors import RefusedInputError, StorageError
from components.findings import FINDINGS
from components.labeler import Labelled, TableReason, label_csv

HEADER = "report_id," + ",".join(finding.value for finding in FINDINGS)


def test_labels_are_written_in_the_order_of_reports_and_findings(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text(
        "report_id,indication,findings,impression\n"
        'a,Pneumonia,"No effusion, heart size normal.",Possible edema.\n'
        "b,,,Small pneumothorax.\n",
        encoding="utf-8",
    )
    told: list[tuple[int, int]] = []
    assert label_csv(table, tmp_path / "labels.csv", lambda done, total: told.append((done, total))) == 2
    lines = (tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines()
    assert lines == [HEADER, "a,,0,,,-1,,,,,0,,,,", "b,,,,,,,,,1,,,,,"]
    assert told[-1] == (2, 2)


def test_whole_report_is_read_without_its_indication(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text('report_id,report\na,"INDICATION: pneumonia\nFINDINGS: Edema."\n', encoding="utf-8-sig")
    label_csv(table, tmp_path / "labels.csv")
    assert (tmp_path / "labels.csv").read_text(encoding="utf-8").splitlines()[1] == "a,,,,,1,,,,,,,,,"


def test_explanations_name_sentence_mention_and_cue_and_which_decided(tmp_path: Path) -> None:
    table, why = tmp_path / "reports.csv", tmp_path / "why.csv"
    table.write_text("report_id,findings,impression\na,Heart size is normal.,Mild cardiomegaly.\n", encoding="utf-8")
    label_csv(table, tmp_path / "labels.csv", explanations=why)
    assert why.read_text(encoding="utf-8").splitlines() == [
        "report_id,finding,label,decides,assertion,sentence,mention,cue",
        "a,cardiomegaly,1,0,absent,Heart size is normal.,Heart size,normal",
        "a,cardiomegaly,1,1,present,Mild cardiomegaly.,cardiomegaly,",
    ]


def test_each_report_is_shown_with_places_in_its_sentence(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text("report_id,report\na,No effusion.\nb,Clear.\n", encoding="utf-8")
    shown: list[Labelled] = []
    label_csv(table, tmp_path / "labels.csv", each=shown.append)
    assert [report.report_id for report in shown] == ["a", "b"]
    (statement,) = shown[0].to_json()["statements"]
    assert (statement["mention_at"], statement["cue_at"], statement["decides"]) == ((3, 11), (0, 2), True)


@pytest.mark.parametrize(
    ("content", "reason", "sentence"),
    [
        (b"id,findings\na,Edema.\n", TableReason.MISSING_COLUMN, "report_id"),
        (b"report_id,text\na,Edema.\n", TableReason.MISSING_COLUMN, "findings"),
        (b"", TableReason.MISSING_COLUMN, "report_id"),
        (b"report_id,report\n,Edema.\n", TableReason.MISSING_ID, "Row 2"),
        (b"report_id,report\na,\xff\xfe\n", TableReason.NOT_CSV, "UTF-8"),
    ],
)
def test_wrong_table_is_refused_and_nothing_is_left(
    tmp_path: Path, content: bytes, reason: TableReason, sentence: str
) -> None:
    table = tmp_path / "reports.csv"
    table.write_bytes(content)
    with pytest.raises(RefusedInputError, match=sentence) as caught:
        label_csv(table, tmp_path / "labels.csv", explanations=tmp_path / "why.csv")
    assert caught.value.reason is reason
    assert list(tmp_path.iterdir()) == [table]


def test_missing_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be read"):
        label_csv(tmp_path / "none.csv", tmp_path / "labels.csv")


def test_unwritable_folder_is_said(tmp_path: Path) -> None:
    table = tmp_path / "reports.csv"
    table.write_text("report_id,report\na,Edema.\n", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot be written"):
        label_csv(table, tmp_path / "nowhere" / "labels.csv")

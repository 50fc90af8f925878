"""Folders, DICOM media and zip files: every file of them is found once, and no container can do harm."""

import gc
import io
import stat
import struct
import warnings
import zipfile
from pathlib import Path

import pydicom
import pytest
from pydicom.fileset import FileSet

from components.errors import StorageError
from components.intake import Reason
from components.intake import _media as media
from components.intake._media import Found, Refused
from components.intake._scan import files_under


@pytest.fixture
def listed(tmp_path):
    """Contents of the files found below the sources, and what was refused; unpacked files are removed as promised."""
    unpacked = tmp_path / "unpacked"

    def run(*sources: Path) -> tuple[list[bytes], list[Refused]]:
        contents, refusals = [], []
        for found in files_under(sources, skip=tmp_path / "skip", unpacked=unpacked):
            if isinstance(found, Refused):
                refusals.append(found)
                continue
            contents.append(found.path.read_bytes())
            if found.temporary:
                assert found.path.parent == unpacked
                assert stat.S_IMODE(found.path.stat().st_mode) == 0o600
                assert len(list(unpacked.iterdir())) <= 2, "one member is unpacked at a time, and the zip file it is in"
                found.path.unlink()
        assert not unpacked.exists() or not list(unpacked.iterdir())
        return contents, refusals

    return run


def packed(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as container:
        for name, content in members.items():
            container.writestr(name, content)
    return path


def test_every_member_of_a_zip_file_is_found_whatever_its_name(tmp_path, listed):
    packed(
        tmp_path / "a.zip", {"x/1.dcm": b"1", "../../escaped": b"2", "/etc/absolute": b"3", "x/1.dcm ": b"4", "x/": b""}
    )
    (tmp_path / "b.dcm").write_bytes(b"5")
    contents, refusals = listed(tmp_path)
    assert (contents, refusals) == ([b"1", b"2", b"3", b"4", b"5"], [])
    assert not (tmp_path.parent / "escaped").exists()


def test_without_unpacking_a_zip_file_is_a_file(tmp_path):
    path = packed(tmp_path / "a.zip", {"1": b"1"})
    assert list(files_under([tmp_path], skip=tmp_path / "skip")) == [path]


def test_a_zip_file_in_a_zip_file_is_unpacked_and_one_in_that_is_not(tmp_path, listed):
    deep = packed(tmp_path / "deep", {"deep": b"deep"}).read_bytes()
    inner = packed(tmp_path / "inner", {"deep.zip": deep, "2": b"2"}).read_bytes()
    source = packed(tmp_path / "outer.zip", {"inner.zip": inner, "1": b"1"})
    contents, refusals = listed(source)
    assert contents == [b"2", b"1"]
    assert [str(refused.refusal.reason) for refused in refusals] == ["unreadable_file"]


def encrypted(content: bytes) -> bytes:
    """The zip file with its members marked as encrypted, in both places where a reader looks."""
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.index(mark) + place
        content = content[:at] + b"\x01\x00" + content[at + 2 :]
    return content


def test_encrypted_and_broken_containers_are_refused_with_their_reason(tmp_path, listed):
    whole = packed(tmp_path / "whole", {"1": b"1" * 500, "2": bytes(range(256)) * 9}).read_bytes()
    (tmp_path / "whole").unlink()
    broken = bytearray(whole)
    broken[whole.index(b"PK\x01\x02") - 40] ^= 0xFF
    for name, content in {"1": encrypted(whole), "2": whole[:-30], "3": whole[:50], "4": bytes(broken)}.items():
        (tmp_path / name).write_bytes(content)
    contents, refusals = listed(tmp_path)
    assert [(refused.path.name, refused.refusal.reason) for refused in refusals] == [
        ("1", Reason.UNREADABLE_FILE), ("2", Reason.TRUNCATED), ("3", Reason.TRUNCATED), ("4", Reason.TRUNCATED),
    ]  # fmt: skip
    assert contents == [b"1" * 500], "what can be read of the last one is taken"


def test_bombs_are_refused_before_anything_is_unpacked(tmp_path, listed, monkeypatch):
    monkeypatch.setattr(media, "_RATIO_COUNTS_FROM", 1 << 20)
    packed(tmp_path / "ratio", {"1": bytes(4 << 20)})
    monkeypatch.setattr(media, "MAX_BYTES", 8 << 20)
    packed(tmp_path / "size", {"1": bytes(9 << 20)})
    many = bytearray(packed(tmp_path / "many", {"1": b"1"}).read_bytes())
    struct.pack_into("<L", many, many.rindex(b"PK\x05\x06") + 12, 1 << 30)
    (tmp_path / "many").write_bytes(many)
    contents, refusals = listed(tmp_path)
    assert contents == []
    assert [refused.refusal.reason for refused in refusals] == [Reason.TOO_LARGE] * 3
    assert not (tmp_path / "unpacked").exists()


def test_a_member_that_lies_about_its_size_is_broken(tmp_path, listed):
    content = bytearray(packed(tmp_path / "liar", {"1": bytes(1 << 20)}).read_bytes())
    for mark, place in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<L", content, content.index(mark) + place, 10)
    (tmp_path / "liar").write_bytes(content)
    contents, refusals = listed(tmp_path)
    assert (contents, len(refusals)) == ([], 1)


def test_an_office_file_is_a_file_and_no_container(tmp_path, listed):
    path = packed(tmp_path / "letter.docx", {"[Content_Types].xml": b"<x/>", "word/document.xml": b"<x/>"})
    contents, refusals = listed(path)
    assert (contents, refusals) == ([path.read_bytes()], [])


def test_what_cannot_be_written_is_said(tmp_path):
    packed(tmp_path / "a.zip", {"1": b"1"})
    (tmp_path / "unpacked").write_text("in the way")
    with pytest.raises(StorageError, match="folder for unpacking"):
        list(files_under([tmp_path / "a.zip"], skip=tmp_path / "skip", unpacked=tmp_path / "unpacked"))


@pytest.fixture
def media_folder(tmp_path, radiograph) -> Path:
    """A disc as a scanner writes it: DICOMDIR, and images without ending in a folder of codes."""
    files = FileSet()
    for number in (1, 2):
        ds = radiograph(SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=str(number), StudyID="1", SeriesNumber="1")
        files.add(ds)
    files.write(tmp_path / "disc")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # pydicom leaves its temporary folder to the collector
        del files
        gc.collect()
    return tmp_path / "disc"


def test_of_dicom_media_the_images_are_found_and_the_directory_is_none(media_folder, listed):
    for source in (media_folder, media_folder / "DICOMDIR"):
        contents, refusals = listed(source)
        assert [content[128:132] for content in contents] == [b"DICM"] * 2
        assert not refusals
        assert {pydicom.dcmread(io.BytesIO(content)).SOPInstanceUID for content in contents} == {"1.2.3.1", "1.2.3.2"}


def test_media_in_a_zip_file(media_folder, listed, tmp_path):
    files = [file for file in media_folder.rglob("*") if file.is_file()]
    source = packed(tmp_path / "disc.zip", {str(file.relative_to(tmp_path)): file.read_bytes() for file in files})
    assert len(listed(source)[0]) == 2


def test_a_file_that_is_only_called_dicomdir_is_a_file(tmp_path, listed):
    (tmp_path / "DICOMDIR").write_bytes(b"anything")
    assert listed(tmp_path)[0] == [b"anything"]


def test_what_was_found_does_not_show_its_path(tmp_path):
    assert "patient" not in repr(Found(tmp_path / "patient"))

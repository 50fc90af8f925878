"""What files come in: by themselves, on DICOM media, or in a zip file, which is unpacked one member at a time."""

import os
import secrets
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from components.errors import RefusedInputError
from components.intake._disk import writing
from components.intake._read import MAX_BYTES
from components.intake._reason import Reason, refused

_ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_DIRECTORY_CLASS = b"1.2.840.10008.1.3.10"
_HEAD = 1024
_DICOM_MARK = slice(128, 132)
# Of zip's end record: where its list of members lies in it, and how far from the file's end the record can be.
_END, _END_SIZE, _LIST_SIZE_AT = b"PK\x05\x06", 22, 12
_LARGE_END, _LARGE_END_SIZE, _LARGE_LIST_SIZE_AT, _SEE_THERE = b"PK\x06\x06", 76, 40, 0xFFFFFFFF  # zip64
_LONGEST_COMMENT = 0xFFFF
_LARGEST_LIST = 32 << 20  # some 300,000 members; the list is held in memory
_HIGHEST_RATIO = 200
_RATIO_COUNTS_FROM = 256 << 20
_ENCRYPTED = 0x1
_OFFICE = "[Content_Types].xml"  # a Word or Excel file is a zip file, but no container of studies
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, struct.error)


@dataclass(frozen=True)
class Found:
    """A file to take in; `temporary`: unpacked for this run, and removed by whoever took it in."""

    path: Path = field(repr=False)
    temporary: bool = False


@dataclass(frozen=True)
class Refused:
    """A container, or a part of one, that is refused as one item; `path` is the container's file."""

    path: Path = field(repr=False)
    refusal: RefusedInputError


def is_directory_of_media(path: Path) -> bool:
    """Whether the file is the directory (DICOMDIR) of DICOM media: it lists files, and is none of them itself."""
    return path.name.upper() == "DICOMDIR" and _DIRECTORY_CLASS in _start_of(path)


def is_zip(path: Path) -> bool:
    """Whether the file is a zip file; not one that cannot be opened."""
    head = _start_of(path)
    return head.startswith(_ZIP_STARTS) and head[_DICOM_MARK] != b"DICM"


def members_of(path: Path, into: Path, *, nested: bool = False) -> Iterator[Found | Refused]:
    """The members of a zip file, each unpacked into the folder `into` when its turn comes, under a name of no meaning.

    A zip file in a zip file is unpacked as well, one in that is not. One that is encrypted, broken, or would unpack
    to far more than it is, is refused before anything of it is written.

    Raises:
        StorageError: the folder cannot be written.
    """
    try:
        _refuse_long_list(path)
        with zipfile.ZipFile(path) as container:
            members = [member for member in container.infolist() if _is_file(member)]
            if any(member.filename == _OFFICE for member in members):
                yield Found(path)
                return
            _refuse_members(path, members)
            for member in members:
                yield from _member(container, member, path, into, nested=nested)
    except RefusedInputError as refusal:
        yield Refused(path, refusal)
    except _BROKEN:
        yield Refused(path, refused(Reason.TRUNCATED, "The zip file is broken: pack it again."))


def _member(
    container: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, into: Path, *, nested: bool
) -> Iterator[Found | Refused]:
    try:
        file = _written(container, member, into)
    except _BROKEN:
        yield Refused(path, refused(Reason.TRUNCATED, "A member of the zip file is broken: pack it again."))
        return
    if Path(member.filename).name.upper() == "DICOMDIR" and _DIRECTORY_CLASS in _start_of(file):
        file.unlink()
    elif not is_zip(file):
        yield Found(file, temporary=True)
    elif nested:
        yield Refused(path, refused(Reason.UNREADABLE_FILE, "A zip file in a zip file in a zip file: unpack it first."))
        file.unlink(missing_ok=True)
    else:
        yield from _nested(file, into)


def _nested(file: Path, into: Path) -> Iterator[Found | Refused]:
    handed_on = False
    try:
        for found in members_of(file, into, nested=True):
            handed_on = isinstance(found, Found) and found.path == file
            yield Found(file, temporary=True) if handed_on else found
    finally:
        if not handed_on:
            file.unlink(missing_ok=True)


def _written(container: zipfile.ZipFile, member: zipfile.ZipInfo, into: Path) -> Path:
    """The member as an owner-only file; never more of it than the container says."""
    with writing("The folder for unpacking"):
        into.mkdir(parents=True, exist_ok=True, mode=0o700)
        target = into / secrets.token_hex(16)
        try:
            descriptor = os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
            with os.fdopen(descriptor, "wb") as file, container.open(member) as source:
                shutil.copyfileobj(source, file, 1 << 20)
        except BaseException:
            target.unlink(missing_ok=True)
            raise
    return target


def _is_file(member: zipfile.ZipInfo) -> bool:
    """Whether it is a member that somebody packed; macOS adds others of its own."""
    return not member.is_dir() and not member.filename.startswith("__MACOSX/")


def _refuse_members(path: Path, members: list[zipfile.ZipInfo]) -> None:
    if any(member.flag_bits & _ENCRYPTED for member in members):
        raise refused(Reason.UNREADABLE_FILE, "The zip file is encrypted: unpack it and give the folder.")
    if any(member.file_size > MAX_BYTES for member in members):
        raise refused(Reason.TOO_LARGE, f"A member of the zip file is larger than {MAX_BYTES >> 20} MiB.")
    whole = sum(member.file_size for member in members)
    if whole > _RATIO_COUNTS_FROM and whole > _HIGHEST_RATIO * path.stat().st_size:
        raise refused(Reason.TOO_LARGE, f"The zip file would unpack to over {_HIGHEST_RATIO} times its size.")


def _refuse_long_list(path: Path) -> None:
    """Refuses a container whose list of members alone would fill memory."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LARGE_END_SIZE - _END_SIZE - _LONGEST_COMMENT))
        tail = file.read()
    end = tail.rfind(_END)
    if end < 0:
        raise zipfile.BadZipFile
    (listed,) = struct.unpack_from("<L", tail, end + _LIST_SIZE_AT)
    large_end = tail.rfind(_LARGE_END, 0, end)
    if large_end >= 0 and listed == _SEE_THERE:
        (listed,) = struct.unpack_from("<Q", tail, large_end + _LARGE_LIST_SIZE_AT)
    if listed > _LARGEST_LIST:
        raise refused(Reason.TOO_LARGE, "The zip file has more members than are taken at once: pack it in parts.")


def _start_of(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""

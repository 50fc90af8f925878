"""Which files lie in the sources, and what each is by its content."""

import csv
import os
import stat
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from pathlib import Path

from components.errors import StorageError

_HEAD = 4096
_DICOM_MARK = slice(128, 132)
_HL7_STARTS = (b"MSH|", b"FHS|", b"BHS|")
_FRAMING = b"\x0b\x1c\r\n\t \xef\xbb\xbf"  # MLLP marks, blanks, byte order mark
# A DICOM file without preamble begins with a group number of 2 or 8 (PS3.10 7.1; older files), either byte order.
_BARE_STARTS = (b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x08\x00", b"\x00\x08\x00")


class Kind(Enum):
    """What a file is."""

    DICOM = auto()
    HL7 = auto()
    CSV = auto()
    OTHER = auto()


def files_under(sources: Sequence[Path], *, skip: Path) -> Iterator[Path]:
    """Every regular file of the sources, folders in depth and in sorted order; none below `skip`.

    Raises:
        StorageError: a source is missing or cannot be listed.
    """
    for number, source in enumerate(sources, 1):
        if source.is_file():
            yield source
        elif source.is_dir():
            yield from _files_of(source, skip.absolute())
        else:
            raise StorageError(f"Source {number} of {len(sources)} does not exist: correct its path.")


def kind_of(path: Path) -> Kind:
    """What the file is by its first bytes; OSError where it cannot be opened."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head[_DICOM_MARK] == b"DICM":
        return Kind.DICOM
    text = head.lstrip(_FRAMING)
    if text.startswith(_HL7_STARTS):
        return Kind.HL7
    if head.startswith(_BARE_STARTS):
        return Kind.DICOM
    return Kind.CSV if is_report_header(_columns(text)) else Kind.OTHER


def is_report_header(columns: set[str]) -> bool:
    """Whether a table with these columns holds reports."""
    return bool(columns & {"report_id", "accession"}) and bool(columns & {"report", "findings", "impression"})


def _columns(head: bytes) -> set[str]:
    line = head.splitlines()[0] if head else b""
    if b"\0" in line:
        return set()
    try:
        return {name.strip().casefold() for name in next(csv.reader([line.decode("utf-8", "replace")]), [])}
    except csv.Error:
        return set()


def _files_of(folder: Path, skip: Path) -> Iterator[Path]:
    if folder.absolute() == skip:
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise StorageError(f"A folder of the source cannot be listed ({type(error).__name__}).") from None
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_of(Path(entry.path), skip)
        elif _may_be_read(entry):
            yield Path(entry.path)


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    """A file or a broken link; not a pipe, socket or device, on which reading would hang."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True

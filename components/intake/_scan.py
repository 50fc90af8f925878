"""Which files lie in the sources, and what each is by its content."""

import codecs
import csv
import os
import re
import stat
from collections.abc import Iterator, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import overload

from components.errors import StorageError
from components.intake._media import Found, Refused, is_directory_of_media, is_zip, members_of

_HEAD = 64 << 10
_DICOM_MARK = slice(128, 132)
_HL7_STARTS = (b"MSH|", b"FHS|", b"BHS|")
_FRAMING = b"\x0b\x1c\r\n\t \xef\xbb\xbf"  # MLLP marks, blanks, byte order mark
# A DICOM file without preamble begins with a group number of 2 or 8 (PS3.10 7.1; older files), either byte order.
_BARE_STARTS = (b"\x02\x00\x00\x00", b"\x02\x00\x01\x00", b"\x08\x00", b"\x00\x08\x00")
# (0002,0002) or (0008,0016): a SOP class of structured reporting (PS3.4 annex B.5), explicit or implicit VR.
_STRUCTURED_REPORT = re.compile(
    rb"(?:\x02\x00\x02\x00|\x08\x00\x16\x00)(?:UI..|.{4})1\.2\.840\.10008\.5\.1\.4\.1\.1\.88\.", re.DOTALL
)
_DELIMITERS = (",", ";", "\t")
_RESOURCE = re.compile(rb'"resourceType"\s*:')


class Kind(Enum):
    """What a file is."""

    DICOM = auto()
    STRUCTURED_REPORT = auto()
    HL7 = auto()
    FHIR = auto()
    CSV = auto()
    OTHER = auto()


@overload
def files_under(sources: Sequence[Path], *, skip: Path) -> Iterator[Path]: ...
@overload
def files_under(sources: Sequence[Path], *, skip: Path, unpacked: Path) -> Iterator[Found | Refused]: ...
def files_under(
    sources: Sequence[Path], *, skip: Path, unpacked: Path | None = None
) -> Iterator[Path] | Iterator[Found | Refused]:
    """Every regular file of the sources, folders in depth and in sorted order; none below `skip`.

    The directory (DICOMDIR) of DICOM media is passed over; given as a source it stands for its folder. With a folder
    `unpacked`, zip files are taken as folders: each member is unpacked there when its turn comes.

    Raises:
        StorageError: a source is missing or cannot be listed.
    """
    files = _every_file(sources, skip)
    return files if unpacked is None else _opened(files, unpacked)


def kind_of(path: Path) -> Kind:
    """What the file is by its first bytes; OSError where it cannot be opened."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    text = head.lstrip(_FRAMING)
    marked = head[_DICOM_MARK] == b"DICM"
    if marked or (head.startswith(_BARE_STARTS) and not text.startswith(_HL7_STARTS)):
        return Kind.STRUCTURED_REPORT if _STRUCTURED_REPORT.search(head) else Kind.DICOM
    if text.startswith(_HL7_STARTS):
        return Kind.HL7
    if text.startswith(b"{") and _RESOURCE.search(text):
        return Kind.FHIR
    return Kind.CSV if delimiter_of(_first_line(head)) else Kind.OTHER


def delimiter_of(line: str) -> str | None:
    """What parts the columns of a table of reports, whose first line this is; None where it is no such table."""
    return next((sign for sign in _DELIMITERS if _is_report_header(line, sign)), None)


def _is_report_header(line: str, delimiter: str) -> bool:
    try:
        columns = {name.strip().casefold() for name in next(csv.reader([line], delimiter=delimiter), [])}
    except csv.Error:
        return False
    return bool(columns & {"report_id", "accession"}) and bool(columns & {"report", "findings", "impression"})


def _first_line(head: bytes) -> str:
    encoding = "utf-16" if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    line = head.decode(encoding, "replace").partition("\n")[0].strip()
    return "" if "\0" in line else line


def _opened(files: Iterator[Path], unpacked: Path) -> Iterator[Found | Refused]:
    for path in files:
        if is_zip(path):
            yield from members_of(path, unpacked)
        else:
            yield Found(path)


def _every_file(sources: Sequence[Path], skip: Path) -> Iterator[Path]:
    for number, source in enumerate(sources, 1):
        if source.is_dir() or is_directory_of_media(source):
            yield from _files_of(source if source.is_dir() else source.parent, skip.absolute())
        elif source.is_file():
            yield source
        else:
            raise StorageError(f"Source {number} of {len(sources)} does not exist: correct its path.")


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
        elif _may_be_read(entry) and not is_directory_of_media(Path(entry.path)):
            yield Path(entry.path)


def _may_be_read(entry: os.DirEntry[str]) -> bool:
    """A file or a broken link; not a pipe, socket or device, on which reading would hang."""
    try:
        return stat.S_ISREG(entry.stat().st_mode)
    except OSError:
        return True

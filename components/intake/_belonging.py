"""Which files that still name patients are of one patient: by what they say, else by the identifiers in their bytes."""

import mmap
import os
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from components.deidentify import Pseudonymiser, read_identity
from components.errors import RefusedInputError
from components.intake._media import Found
from components.intake._quarantine import THE_QUARANTINE
from components.intake._read import read_dicom
from components.intake._reports import reports_in
from components.intake._runs import RUN_PREFIX, RunFolder
from components.intake._scan import Kind, files_under, kind_of

_SHORTEST = 4  # a shorter identifier would be found by chance


@dataclass(frozen=True, kw_only=True)
class PatientFile:
    """A file of the patient; `alone`: everything in it is theirs."""

    path: Path = field(repr=False)
    alone: bool


@dataclass(frozen=True, kw_only=True)
class Search:
    """Whom to look for.

    Attributes:
        patient: their pseudonym, to which a Patient ID in a file must lead.
        pseudonymiser: leads there.
        identifiers: their originals, for files that cannot be parsed.
        quarantine: holds, for a moment, what is unpacked from an archive on the way.
    """

    patient: str
    pseudonymiser: Pseudonymiser
    identifiers: Collection[str] = field(repr=False)
    quarantine: Path

    def files_in(self, folder: Path) -> Iterator[PatientFile]:
        """Every file below the folder that is the patient's, or theirs and others'. A missing folder has none."""
        with RunFolder(self.quarantine, THE_QUARANTINE) as run:
            for path in _files_below(folder):
                found = set(self._items_of(path, run.path))
                if True in found:
                    yield PatientFile(path=path, alone=False not in found)

    def _items_of(self, path: Path, unpacked: Path) -> Iterator[bool]:
        """For each item of the file, or of the archive that it is, whether it is the patient's."""
        for part in files_under([path], skip=unpacked, unpacked=unpacked):
            if isinstance(part, Found):
                yield from self._parsed(part.path)
                if part.temporary:
                    part.path.unlink(missing_ok=True)
            else:
                yield self._named_in(part.path)

    def _parsed(self, path: Path) -> Iterator[bool]:
        try:
            kind = kind_of(path)
            if kind is Kind.OTHER:
                yield self._named_in(path)
            elif kind is Kind.DICOM:
                yield read_identity(read_dicom(path), self.pseudonymiser).patient == self.patient
            else:
                for item in reports_in(path, kind):
                    yield self._is_theirs(item.message.patient_id) if item.message else self._names(item.content)
        except RefusedInputError:
            yield self._named_in(path)

    def _is_theirs(self, patient_id: str) -> bool:
        return self.pseudonymiser.patient(patient_id) == self.patient

    def _named_in(self, path: Path) -> bool:
        if not path.stat().st_size:
            return False
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return self._names(content)

    def _names(self, content: bytes | mmap.mmap) -> bool:
        return any(re.search(_as_a_word(identifier), content) for identifier in _long_enough(self.identifiers))


def _files_below(folder: Path) -> Iterator[Path]:
    """Regular files in depth, but for what a run has under way there."""
    for place, below, names in os.walk(folder):
        below[:] = sorted(name for name in below if not name.startswith(RUN_PREFIX))
        for name in sorted(names):
            path = Path(place, name)
            if path.is_file() and not path.is_symlink():
                yield path


def _long_enough(identifiers: Iterable[str]) -> Iterator[str]:
    return (identifier for identifier in identifiers if len(identifier) >= _SHORTEST)


def _as_a_word(identifier: str) -> bytes:
    """Not within a longer number or UID: 1.2.3 is another study than 1.2.34."""
    return rb"(?<![A-Za-z0-9.])" + re.escape(identifier.encode()) + rb"(?![A-Za-z0-9]|\.[0-9])"

"""De-identified copies of a folder of DICOM files, with a record of what was done to each."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom import Dataset
from upath import UPath

from components.deidentify import Pseudonymiser, deidentify_dataset, quiet_dicom
from components.errors import RefusedInputError
from components.intake._disk import write_whole, writing
from components.intake._read import read_dicom
from components.intake._scan import files_under
from components.settings import DeidentifySettings

RECORD = "deidentified.csv"


@dataclass(frozen=True, kw_only=True)
class FolderResult:
    """How many files were written, and how many were refused and not written."""

    written: int
    refused: int


@dataclass(frozen=True, kw_only=True)
class _Done:
    """One row of the record; the source is named by its content's hash, since its path may name a patient."""

    source_sha256: str
    copy: str
    kept: int
    replaced: int
    removed: int
    added: int
    refused: str


def deidentify_folder(
    source: Path,
    out: Path,
    *,
    pseudonymiser: Pseudonymiser,
    settings: DeidentifySettings,
    progress: Callable[[int, int], None] | None = None,
) -> FolderResult:
    """Writes OUT/PATIENT/STUDY/IMAGE.dcm for every DICOM file below `source`, and OUT/deidentified.csv.

    The record has a row a file: elements (at every depth) kept as they were, replaced, removed and added, or why the
    file was refused. The source is left as it is.

    Raises:
        StorageError: the source is missing, or `out` cannot be written.
    """
    files = list(files_under([source], skip=out))
    done = []
    for number, file in enumerate(files, 1):
        done.append(_copied(file, out, pseudonymiser, settings))
        if progress is not None:
            progress(number, len(files))
    with writing("The record"):
        out.mkdir(parents=True, exist_ok=True)
        with (out / RECORD).open("w", newline="") as target:
            table = csv.DictWriter(target, [*_Done.__dataclass_fields__])
            table.writeheader()
            table.writerows(asdict(row) for row in done)
    refused = sum(1 for row in done if row.refused)
    return FolderResult(written=len(done) - refused, refused=refused)


def _copied(file: Path, out: Path, pseudonymiser: Pseudonymiser, settings: DeidentifySettings) -> _Done:
    digest = ""
    try:
        digest = _sha256(file)
        before = read_dicom(file)
        with quiet_dicom():
            safe = deidentify_dataset(before, pseudonymiser, settings)
            content = BytesIO()
            pydicom.dcmwrite(content, safe.dataset, enforce_file_format=True)
            was, now = dict(_elements(before)), dict(_elements(safe.dataset))
    except RefusedInputError as refusal:
        return _refused(digest, str(refusal))
    except OSError:
        return _refused(digest, "The file cannot be opened: give this user the right to read it.")
    except Exception as error:  # whatever a hostile file breaks, the others are still copied
        return _refused(digest, f"The file cannot be worked on ({type(error).__name__}).")
    key = f"{safe.patient}/{safe.study}/{safe.image}.dcm"
    write_whole(UPath(out), key, content.getvalue())
    kept = sum(1 for place, value in was.items() if now.get(place) == value)
    return _Done(
        source_sha256=digest,
        copy=key,
        kept=kept,
        replaced=len(was.keys() & now.keys()) - kept,
        removed=len(was.keys() - now.keys()),
        added=len(now.keys() - was.keys()),
        refused="",
    )


def _refused(digest: str, sentence: str) -> _Done:
    return _Done(source_sha256=digest, copy="", kept=0, replaced=0, removed=0, added=0, refused=sentence)


def _elements(ds: Dataset, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str]]:
    """Each element that is no sequence, at every depth, by its chain of tags and item numbers, with a hash of it."""
    for tag in sorted(ds.keys()):
        here = (*place, int(tag))
        try:
            element = ds[tag]
            items = list(element.value) if element.VR == "SQ" else None
            text = "" if items is not None else repr(element.value)
        except Exception:  # a value that cannot be decoded is an element all the same
            items, text = None, "undecodable"
        if items is None:
            yield here, hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()
            continue
        for number, item in enumerate(items):
            yield from _elements(item, (*here, number))


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

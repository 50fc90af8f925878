"""De-identified copies of a folder of DICOM files, with a record of what was done to each."""

import csv
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from upath import UPath

from components.cluster import in_order
from components.deidentify import Pseudonymiser, deidentify_dataset, quiet_dicom
from components.errors import RefusedInputError
from components.intake._cleaning import without_text
from components.intake._disk import writing
from components.intake._media import Found, Refused
from components.intake._read import read_dicom
from components.intake._runs import RunFolder
from components.intake._scan import files_under
from components.intake._shelf import Shelf, Staged, Staging
from components.intake._workers import workers_for
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


@dataclass(frozen=True)
class _Copy:
    """A file's row in the record and, where it was not refused, its copy."""

    row: _Done
    staged: Staged | None = None


@dataclass(frozen=True)
class _Common:
    """What all files share."""

    pseudonymiser: Pseudonymiser
    settings: DeidentifySettings
    staging: Staging


def deidentify_folder(  # noqa: PLR0913 – each is one choice of the caller
    source: Path,
    out: Path,
    *,
    pseudonymiser: Pseudonymiser,
    settings: DeidentifySettings,
    workers: int | None = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FolderResult:
    """Writes OUT/PATIENT/STUDY/IMAGE.dcm for every DICOM file below `source`, and OUT/deidentified.csv.

    The record has a row a file: elements (at every depth) kept as they were, replaced, removed and added, or why the
    file was refused. The source is left as it is. `workers` as in `ingest`.

    Raises:
        StorageError: the source is missing, or `out` cannot be written.
        ServerError: Ray's cluster does not answer.
    """
    total = sum(1 for _ in files_under([source], skip=out))
    written = refused = 0
    with RunFolder(out, "The folder of copies") as run, Shelf(UPath(out)) as shelf, writing("The record"):
        files = files_under([source], skip=out, unpacked=run.path)
        record = run.fresh()
        with record.open("w", newline="") as target:
            table = csv.DictWriter(target, [*_Done.__dataclass_fields__])
            table.writeheader()
            common = _Common(pseudonymiser, settings, shelf.staging)
            for found, copy in in_order(
                _copied, common, files, workers=workers_for(total, workers, after_crash=run.after_crash)
            ):
                made = copy if isinstance(copy, _Copy) else _refused("", "The program that reads it ended abruptly.")
                if made.staged:
                    shelf.place([made.staged])
                    written += 1
                else:
                    refused += 1
                table.writerow(asdict(made.row))
                if isinstance(found, Found) and found.temporary:
                    found.path.unlink(missing_ok=True)
                if progress is not None:
                    progress(written + refused, max(written + refused, total))
        record.replace(out / RECORD)
    return FolderResult(written=written, refused=refused)


def _copied(common: _Common, found: Found | Refused) -> _Copy:
    if isinstance(found, Refused):
        return _refused("", str(found.refusal))
    digest = ""
    try:
        digest = _sha256(found.path)
        before = read_dicom(found.path)
        with quiet_dicom():
            safe = deidentify_dataset(before, common.pseudonymiser, common.settings)
            if "PixelData" in before:
                without_text(before, safe.dataset, common.settings)
            content = BytesIO()
            pydicom.dcmwrite(content, safe.dataset, enforce_file_format=True)
            was, now = dict(_elements(before)), dict(_elements(safe.dataset))
    except RefusedInputError as refusal:
        return _refused(digest, str(refusal))
    except OSError:
        return _refused(digest, "The file cannot be opened: give this user the right to read it.")
    except Exception as error:  # whatever a hostile file breaks, the others are still copied
        return _refused(digest, f"The file cannot be worked on ({type(error).__name__}).")
    kept = sum(1 for place, value in was.items() if now.get(place) == value)
    row = _Done(
        source_sha256=digest,
        copy=f"{safe.patient}/{safe.study}/{safe.image}.dcm",
        kept=kept,
        replaced=len(was.keys() & now.keys()) - kept,
        removed=len(was.keys() - now.keys()),
        added=len(now.keys() - was.keys()),
        refused="",
    )
    return _Copy(row, common.staging.stage(row.copy, content.getvalue()))


def _refused(digest: str, sentence: str) -> _Copy:
    return _Copy(_Done(source_sha256=digest, copy="", kept=0, replaced=0, removed=0, added=0, refused=sentence))


def _elements(ds: Dataset, place: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], str]]:
    """Each element that is no sequence, at every depth, by its chain of tags and item numbers, with a hash of it."""
    for tag in sorted(ds.keys()):
        here = (*place, int(tag))
        raw = ds.get_item(tag, keep_deferred=True)
        if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
            yield here, "on disk"  # too large to be read for a count
            continue
        try:
            element = ds[tag]
            items = list(element.value) if element.VR == "SQ" else None
            value = b"" if items is not None else _bytes(element.value)
        except Exception:  # a value that cannot be decoded is an element all the same
            items, value = None, b"undecodable"
        if items is None:
            yield here, hashlib.sha256(value).hexdigest()
            continue
        for number, item in enumerate(items):
            yield from _elements(item, (*here, number))


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else repr(value).encode("utf-8", "surrogateescape")


def _sha256(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()

"""What a worker does with one file; what it writes lies aside, so that any number of processes may do it at once."""

import io
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset
from pydicom.pixels.utils import pixel_array
from upath import UPath

from components.catalog import ImageRecord, StudyRecord
from components.deidentify import Identity, quiet_dicom
from components.errors import RefusedInputError
from components.imaging import PixelWarning
from components.intake._image import ImageTools, KnownImage, PreparedImage, prepare_image
from components.intake._media import Found
from components.intake._read import read_dicom
from components.intake._reason import Reason, refused
from components.intake._shelf import Staged, Staging


@dataclass(frozen=True, kw_only=True)
class StagedImage:
    """A prepared image whose files are staged: all that another process has to be told of it (names not in repr)."""

    study: StudyRecord
    image: ImageRecord
    dicom: Staged
    picture: Staged
    identity: Identity
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)
    warnings: tuple[PixelWarning, ...]


Prepared = StagedImage | KnownImage | RefusedInputError


@dataclass(frozen=True)
class Workshop:
    """What all files of a run share."""

    tools: ImageTools
    store: UPath
    staging: Staging


@dataclass(frozen=True)
class Job:
    """One file; where the catalog holds its image already, that one's pseudonym and its file's key in the store."""

    found: Found
    size: int
    known: str | None = None
    key: str | None = None


def prepared(workshop: Workshop, job: Job) -> Prepared:
    """Everything that is stored of the file, or the word that it is known, or why it is refused.

    A known image whose pixels came otherwise than they were stored is prepared as if it were new: only its pixels
    can tell whether it is the same picture.

    Raises:
        StorageError: the image store cannot be written.
    """
    path = job.found.path
    try:
        outcome = prepare_image(path, workshop.tools, {job.known} if job.known else ())
        if isinstance(outcome, KnownImage) and not (job.key and _same_bytes(path, workshop.store / job.key)):
            outcome = prepare_image(path, workshop.tools, ())
    except RefusedInputError as refusal:
        return refusal
    except OSError:
        return refused(Reason.UNREADABLE_FILE, "The file cannot be opened: give this user the right to read it.")
    return _staged(outcome, workshop.staging) if isinstance(outcome, PreparedImage) else outcome


def same_picture(one: bytes, other: bytes) -> bool:
    """Whether two de-identified files show the same picture.

    Where text was blacked out of one of them alone, they differ only where that one has a single value.
    """
    with quiet_dicom():
        first, second = (pixel_array(pydicom.dcmread(io.BytesIO(content))) for content in (one, other))
    if first.shape != second.shape:
        return False
    differs = first != second
    return not differs.any() or any(np.unique(pixels[differs]).size == 1 for pixels in (first, second))


def _staged(prepared: PreparedImage, staging: Staging) -> StagedImage:
    return StagedImage(
        study=prepared.study,
        image=prepared.image,
        dicom=staging.stage(prepared.image.dicom_key, prepared.dicom),
        picture=staging.stage(prepared.image.input_key, prepared.picture),
        identity=prepared.identity,
        names=prepared.names,
        identifiers=prepared.identifiers,
        warnings=prepared.warnings,
    )


def _same_bytes(path: Path, stored: UPath) -> bool:
    try:
        with quiet_dicom(), stored.open("rb") as file:
            return _pixel_bytes(read_dicom(path)) == _pixel_bytes(pydicom.dcmread(file))
    except Exception:
        return False  # gone or unreadable, which its own preparation shows


def _pixel_bytes(ds: Dataset) -> tuple[str, bytes]:
    return str(ds.file_meta.get("TransferSyntaxUID")), ds.PixelData

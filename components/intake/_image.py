"""One DICOM file from its bytes to what is stored of it: no effect outside, so a pool of processes can run it."""

import hashlib
import io
from collections.abc import Container
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pydicom
from pydicom import Dataset

from components.catalog import ImageRecord, StudyRecord
from components.deidentify import (
    Deidentified,
    Identity,
    Pseudonymiser,
    attribute_text,
    deidentify_dataset,
    parse_date,
    quiet_dicom,
    read_identity,
    whole_years,
)
from components.errors import RadloopError
from components.imaging import PixelWarning, pixel_shape, to_input, to_png
from components.intake._cleaning import without_text
from components.intake._message import moment_of
from components.intake._read import MAX_BYTES, read_dicom
from components.intake._reason import Reason, refused
from components.intake._select import refuse_other_images, view_of
from components.settings import DeidentifySettings, ImagingSettings


@dataclass(frozen=True, kw_only=True)
class ImageTools:
    """What turning a file into records needs, the same for all files of a run."""

    pseudonymiser: Pseudonymiser
    deidentify: DeidentifySettings
    imaging: ImagingSettings
    site: str
    max_bytes: int = MAX_BYTES


@dataclass(frozen=True, kw_only=True)
class PreparedImage:
    """The records and files of one image, all de-identified, and what its reports must not repeat (not in repr)."""

    study: StudyRecord
    image: ImageRecord
    dicom: bytes = field(repr=False)
    picture: bytes = field(repr=False)
    identity: Identity
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)
    warnings: tuple[PixelWarning, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KnownImage:
    """An image that the catalog holds already; its header's names still help to clean reports."""

    identity: Identity
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)


def prepare_image(path: Path, tools: ImageTools, known: Container[str]) -> PreparedImage | KnownImage:
    """Everything that is stored of the file, or the word that its image (by pseudonym) is among `known`.

    Raises:
        RefusedInputError: the file is not taken, with its reason.
        OSError: the file cannot be opened.
    """
    try:
        ds = read_dicom(path, max_bytes=tools.max_bytes)
        with quiet_dicom():
            return _prepared(ds, tools, known)
    except (RadloopError, OSError):
        raise
    except Exception as error:  # whatever a hostile file breaks, the run goes on
        raise refused(Reason.BAD_HEADER, f"The file cannot be worked on ({type(error).__name__}).") from None


def _prepared(ds: Dataset, tools: ImageTools, known: Container[str]) -> PreparedImage | KnownImage:
    refuse_other_images(ds)
    if "PixelData" not in ds:
        raise refused(Reason.NO_PIXELS, "The file holds no pixel data.")
    pixel_shape(ds)  # refuses what is no single grey picture, and bombs, before anything is unpacked
    identity = read_identity(ds, tools.pseudonymiser)
    safe = deidentify_dataset(ds, tools.pseudonymiser, tools.deidentify)
    if identity.image in known:
        return KnownImage(identity=identity, names=safe.names, identifiers=safe.identifiers)
    settings = tools.imaging
    radiograph = without_text(ds, safe.dataset, tools.deidentify)
    picture = to_input(radiograph.grey, size=settings.size, crop_borders=settings.crop_borders, fit=settings.fit)
    content = _written(safe.dataset)
    return PreparedImage(
        study=_study_record(ds, safe, tools.site),
        image=_image_record(ds, safe, content),
        dicom=content,
        picture=to_png(picture),
        identity=identity,
        names=safe.names,
        identifiers=safe.identifiers,
        warnings=radiograph.warnings,
    )


def _written(ds: Dataset) -> bytes:
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, enforce_file_format=True)
    return buffer.getvalue()


def _study_record(ds: Dataset, safe: Deidentified, site: str) -> StudyRecord:
    kept = safe.dataset
    return StudyRecord(
        study=safe.study,
        patient=safe.patient,
        accession=safe.accession,
        site=site,
        date=_study_date(kept),
        time=moment_of(attribute_text(kept, "StudyDate") + attribute_text(kept, "StudyTime"))[1],
        age=whole_years(attribute_text(kept, "PatientAge")),
        sex=attribute_text(kept, "PatientSex") or None,
        modality=attribute_text(ds, "Modality").upper(),
        manufacturer=attribute_text(kept, "Manufacturer") or None,
    )


def _study_date(kept: Dataset) -> date | None:
    for keyword in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        day = parse_date(attribute_text(kept, keyword))
        if day is not None:
            return day
    return None


def _image_record(ds: Dataset, safe: Deidentified, content: bytes) -> ImageRecord:
    place = f"{safe.patient}/{safe.study}/{safe.image}"
    return ImageRecord(
        image=safe.image,
        study=safe.study,
        view=view_of(ds),
        dicom_key=f"dicom/{place}.dcm",
        input_key=f"input/{place}.png",
        rows=int(ds.Rows),
        columns=int(ds.Columns),
        sha256=hashlib.sha256(content).hexdigest(),
    )

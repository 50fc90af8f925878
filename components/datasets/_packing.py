"""What a worker does with one published picture: read it, make a model's input of it, write that aside."""

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.datasets._published import LeftOut, PublishedImage
from components.deidentify import attribute_text, quiet_dicom, whole_years
from components.errors import RadloopError, RefusedInputError
from components.imaging import PixelReason, read_picture, read_pixels, to_input, to_png
from components.intake import Staged, Staging, read_dicom
from components.settings import ImagingSettings

_DICOM = (".dicom", ".dcm")
_SEXES = ("F", "M", "O")


@dataclass(frozen=True, kw_only=True)
class Workshop:
    """What all pictures of a run share."""

    imaging: ImagingSettings
    staging: Staging


@dataclass(kw_only=True)
class Job:
    """One picture with its pseudonyms; `known`: the catalog has it."""

    image: PublishedImage
    patient: str
    study: str
    name: str
    known: bool = False

    @property
    def key(self) -> str:
        """Where its picture lies in the store."""
        return f"input/{self.patient}/{self.study}/{self.name}.png"


@dataclass(frozen=True, kw_only=True)
class Packed:
    """A picture that is staged, the original's size, and what only its file tells of the patient."""

    picture: Staged
    rows: int
    columns: int
    sha256: str
    age: int | None
    sex: str | None


@dataclass(frozen=True)
class _Read:
    grey: npt.NDArray[np.float32]
    age: int | None = None
    sex: str | None = None


def packed(workshop: Workshop, job: Job) -> Packed | RefusedInputError | None:
    """The staged picture; None where it is known; or why it cannot be read.

    Raises:
        StorageError: the image store cannot be written.
    """
    if job.known:
        return None
    try:
        read = _read(job.image)
    except RefusedInputError as refusal:
        return refusal
    except FileNotFoundError:
        return RefusedInputError(LeftOut.MISSING_FILE, "The dataset lists a file that is not there.")
    except (RadloopError, OSError, ValueError, MemoryError) as error:
        return RefusedInputError(PixelReason.UNREADABLE_PIXELS, f"The picture cannot be read ({type(error).__name__}).")
    settings = workshop.imaging
    picture = to_input(read.grey, size=settings.size, crop_borders=settings.crop_borders, fit=settings.fit)
    content = to_png(picture)
    return Packed(
        picture=workshop.staging.stage(job.key, content),
        rows=read.grey.shape[0],
        columns=read.grey.shape[1],
        sha256=hashlib.sha256(content).hexdigest(),
        age=read.age,
        sex=read.sex,
    )


def _read(image: PublishedImage) -> _Read:
    if image.file.suffix not in _DICOM:
        return _Read(read_picture(image.file, inverted=image.inverted))
    ds = read_dicom(image.file)
    with quiet_dicom():
        sex = attribute_text(ds, "PatientSex")
        age = whole_years(attribute_text(ds, "PatientAge"))
        return _Read(read_pixels(ds), age, sex if sex in _SEXES else None)

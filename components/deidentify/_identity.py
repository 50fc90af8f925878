"""Who a DICOM file is about: pseudonyms to go by, and the originals that must not get further."""

from dataclasses import dataclass, field

from pydicom import Dataset

from components.deidentify._elements import attribute_text
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._reasons import HeaderReason
from components.errors import RefusedInputError

_SHARED = (("series", "SeriesInstanceUID"), ("frame", "FrameOfReferenceUID"))
"""What later images may share: recorded, so that it stays what it is when the key is rotated."""


@dataclass(frozen=True)
class Identity:
    """Pseudonyms of one instance; the secrets do not show in repr.

    `originals` are (kind, original, pseudonym) for the crosswalk.
    """

    patient: str
    study: str
    image: str
    accession: str | None
    originals: tuple[tuple[str, str, str], ...] = field(repr=False)


def read_identity(ds: Dataset, pseudonymiser: Pseudonymiser) -> Identity:
    """The pseudonyms that the header of one instance leads to.

    Without a Patient ID, name and birth date stand for the patient; without these, the study does: two unnamed
    studies are never taken for one patient's.

    Raises:
        RefusedInputError: it has no Study or no SOP Instance UID.
    """
    study_uid, image_uid = attribute_text(ds, "StudyInstanceUID"), attribute_text(ds, "SOPInstanceUID")
    if not study_uid or not image_uid:
        raise RefusedInputError(HeaderReason.BAD_HEADER, "The file names no study or no instance (a UID is missing).")
    patient_id = _patient_id(ds, study_uid)
    accession = attribute_text(ds, "AccessionNumber")
    patient, study = pseudonymiser.patient(patient_id), pseudonymiser.uid(study_uid)
    image = pseudonymiser.uid(image_uid)
    originals = [("patient", patient_id, patient), ("study", study_uid, study), ("image", image_uid, image)]
    pseudonym = pseudonymiser.accession(accession) if accession else None
    if pseudonym:
        originals.append(("accession", accession, pseudonym))
    for kind, keyword in _SHARED:
        uid = attribute_text(ds, keyword)
        if uid:
            originals.append((kind, uid, pseudonymiser.uid(uid)))
    return Identity(patient, study, image, pseudonym, tuple(originals))


def _patient_id(ds: Dataset, study_uid: str) -> str:
    patient_id = attribute_text(ds, "PatientID")
    if patient_id:
        return patient_id
    name, birth = attribute_text(ds, "PatientName"), attribute_text(ds, "PatientBirthDate")
    return f"name {name} born {birth}" if name and birth else f"study {study_uid}"

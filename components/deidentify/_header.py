"""A DICOM header without identity: the Basic Profile of PS3.15 annex E with our options."""

from dataclasses import dataclass, field

from pydicom import Dataset
from pydicom.dataelem import DataElement

from components.deidentify._bookkeeping import bookkeeping, file_meta_of
from components.deidentify._dates import days_back
from components.deidentify._hidden import hidden_pixels_removed
from components.deidentify._identity import Identity, read_identity
from components.deidentify._profile import profile_of
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._quiet import quiet_dicom
from components.deidentify._values import parse_date, whole_years, years_between
from components.deidentify._walk import Walk
from components.settings import DeidentifySettings

_AGE_TAG = 0x00101010


@dataclass(frozen=True)
class Deidentified:
    """A data set fit to be stored, its pseudonyms, and what its report's text must not repeat (not in repr)."""

    dataset: Dataset = field(repr=False)
    identity: Identity
    names: frozenset[str] = field(repr=False)
    identifiers: frozenset[str] = field(repr=False)

    @property
    def patient(self) -> str:
        """Pseudonym of the patient."""
        return self.identity.patient

    @property
    def study(self) -> str:
        """Pseudonymous Study Instance UID."""
        return self.identity.study

    @property
    def image(self) -> str:
        """Pseudonymous SOP Instance UID."""
        return self.identity.image

    @property
    def accession(self) -> str | None:
        """Pseudonym of the accession number."""
        return self.identity.accession


def deidentify_dataset(ds: Dataset, pseudonymiser: Pseudonymiser, settings: DeidentifySettings) -> Deidentified:
    """A copy of the data set without identity; the given one is left as it is.

    Every element of PS3.15 table E.1-1 is treated as it says, at every depth, with the options of the settings.
    Private elements (but safe ones, where the settings keep them), curves, overlay planes, icons, and whatever the
    dictionary does not know are removed. Descriptions keep the words of a closed vocabulary; other text is kept where
    all its words are of DICOM's own vocabulary and it repeats no known identifier. Pixel data is passed on, less
    what it hides beside the picture.

    With UIDs kept, the data set holds the original ones, while `identity` still goes by pseudonyms.

    Raises:
        RefusedInputError: the file has no study, instance or class UID, or its pixel data hides what cannot be taken
            out.
    """
    with quiet_dicom():
        identity = read_identity(ds, pseudonymiser)
        age = _age(ds) if settings.keep_characteristics else None
        explicit = ds.original_encoding[0] is False
        days = days_back(identity.patient, pseudonymiser, settings) or 0
        walk = Walk(pseudonymiser, identity, profile_of(settings), days, age, explicit)
        copy = walk.safe_copy(ds)
        walk.settle()
        if age:
            copy[_AGE_TAG] = DataElement(_AGE_TAG, "AS", age)
        hidden_pixels_removed(ds, copy)
        for element in bookkeeping(settings):
            copy[element.tag] = element
        copy.file_meta = file_meta_of(ds, copy)
        copy.preamble = b"\0" * 128  # what stood there may be anything, a name included
    return Deidentified(copy, identity, frozenset(walk.known.names), frozenset(walk.known.identifiers))


def _age(ds: Dataset) -> str | None:
    """The age as three digits and Y, from the attribute, else from the birth and the study date."""
    try:
        years = whole_years(str(ds.get("PatientAge") or ""))
        if years is None:
            birth, day = (parse_date(str(ds.get(name) or "")) for name in ("PatientBirthDate", "StudyDate"))
            years = years_between(birth, day) if birth and day else None
    except Exception:
        return None  # an age that cannot be read is left out
    return None if years is None else f"{years:03d}Y"

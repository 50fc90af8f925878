"""Whom something names that is refused, for whatever reason: where that can be read, consent is asked after."""

import re
from pathlib import Path

from components.deidentify import Pseudonymiser, attribute_text, read_identity
from components.errors import RefusedInputError
from components.intake._hl7_fields import component, decoded, typed_numbers
from components.intake._message import patient_number
from components.intake._read import read_header

_PATIENT = re.compile(r"^PID\|[^|\n]*\|([^|\n]*)\|([^|\n]*)", re.MULTILINE)


def patients_in_file(path: Path, pseudonymiser: Pseudonymiser) -> set[str]:
    """The pseudonym of the patient in a DICOM file's header; none where it cannot be read."""
    try:
        ds = read_header(path)
        patient_id = attribute_text(ds, "PatientID")
        return {pseudonymiser.patient(patient_id) if patient_id else read_identity(ds, pseudonymiser).patient}
    except (RefusedInputError, OSError):
        return set()


def patients_in_message(content: bytes, pseudonymiser: Pseudonymiser) -> set[str]:
    """The pseudonyms of the patients in an HL7 message."""
    found = _PATIENT.findall(decoded(content).replace("\r", "\n"))
    numbers = [patient_number(typed_numbers(listed)) or component(other) for other, listed in found]
    return {pseudonymiser.patient(number) for number in numbers if number}

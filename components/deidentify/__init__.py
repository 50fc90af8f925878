"""Identity is taken off here: header, report text, pseudonyms, and the encrypted way back."""

from components.deidentify._crosswalk import Crosswalk
from components.deidentify._header import Deidentified, deidentify_dataset
from components.deidentify._identity import Identity, read_identity
from components.deidentify._keys import load_or_create_key
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._quiet import quiet_dicom
from components.deidentify._reasons import HeaderReason
from components.deidentify._text import deidentify_text
from components.deidentify._values import parse_date, whole_years

__all__ = [
    "Crosswalk",
    "Deidentified",
    "HeaderReason",
    "Identity",
    "Pseudonymiser",
    "deidentify_dataset",
    "deidentify_text",
    "load_or_create_key",
    "parse_date",
    "quiet_dicom",
    "read_identity",
    "whole_years",
]

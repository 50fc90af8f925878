"""Identity is taken off here: header, report text, pseudonyms, and the encrypted way back."""

from components.deidentify._boxes import Box
from components.deidentify._burned import Announced, announced_text, set_pixels_clean, text_to_black_out
from components.deidentify._crosswalk import IDENTIFYING_KINDS, Crosswalk
from components.deidentify._dates import days_back
from components.deidentify._elements import attribute_text
from components.deidentify._header import Deidentified, deidentify_dataset
from components.deidentify._identities import Identities, open_identities, rotate_key
from components.deidentify._identity import Identity, read_identity
from components.deidentify._keys import load_or_create_key
from components.deidentify._pseudonyms import Pseudonymiser
from components.deidentify._quiet import quiet_dicom
from components.deidentify._reasons import HeaderReason
from components.deidentify._rotation import Rotation
from components.deidentify._text import deidentify_text
from components.deidentify._values import parse_date, whole_years

__all__ = [
    "IDENTIFYING_KINDS",
    "Announced",
    "Box",
    "Crosswalk",
    "Deidentified",
    "HeaderReason",
    "Identities",
    "Identity",
    "Pseudonymiser",
    "Rotation",
    "announced_text",
    "attribute_text",
    "days_back",
    "deidentify_dataset",
    "deidentify_text",
    "load_or_create_key",
    "open_identities",
    "parse_date",
    "quiet_dicom",
    "read_identity",
    "rotate_key",
    "set_pixels_clean",
    "text_to_black_out",
    "whole_years",
]

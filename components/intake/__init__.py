"""Where studies and reports come in: sources, matching one with the other, quarantine."""

from components.intake._belonging import PatientFile, Search
from components.intake._folder import FolderResult, deidentify_folder
from components.intake._image import ImageTools, KnownImage, PreparedImage, prepare_image
from components.intake._ingest import ingest
from components.intake._read import read_dicom
from components.intake._reason import Reason
from components.intake._removal import clear_crashed_runs, remove_files, remove_stored, stored_files
from components.intake._result import IngestResult
from components.intake._select import refuse_other_images, view_of
from components.intake._shelf import Shelf, Staged, Staging
from components.intake._workers import workers_for

__all__ = [
    "FolderResult",
    "ImageTools",
    "IngestResult",
    "KnownImage",
    "PatientFile",
    "PreparedImage",
    "Reason",
    "Search",
    "Shelf",
    "Staged",
    "Staging",
    "clear_crashed_runs",
    "deidentify_folder",
    "ingest",
    "prepare_image",
    "read_dicom",
    "refuse_other_images",
    "remove_files",
    "remove_stored",
    "stored_files",
    "view_of",
    "workers_for",
]

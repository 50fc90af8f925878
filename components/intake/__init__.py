"""Where studies and reports come in: sources, matching one with the other, quarantine."""

from components.intake._folder import FolderResult, deidentify_folder
from components.intake._image import ImageTools, KnownImage, PreparedImage, prepare_image
from components.intake._ingest import ingest
from components.intake._read import read_dicom
from components.intake._reason import Reason
from components.intake._result import IngestResult
from components.intake._select import refuse_other_images, view_of

__all__ = [
    "FolderResult",
    "ImageTools",
    "IngestResult",
    "KnownImage",
    "PreparedImage",
    "Reason",
    "deidentify_folder",
    "ingest",
    "prepare_image",
    "read_dicom",
    "refuse_other_images",
    "view_of",
]

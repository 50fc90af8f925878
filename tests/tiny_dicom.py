"""A small chest radiograph as a DICOM file, for tests that need a sound one or one that is wrong in a single place."""

import io
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

NAMES = ("Markername^Hidden", "SECRET-ID-4711", "1.2.826.0.1.3680043.99.1", "1.2.826.0.1.3680043.99.2")
"""Identity in `tiny_dicom`'s header that must not be found anywhere else."""


def tiny_dicom(*, rows: int = 96, columns: int = 80, seed: int = 0, **changes: Any) -> bytes:
    """The bytes of the file; `changes` sets attributes by DICOM keyword, None removes one."""
    random = np.random.default_rng(seed)
    shade = np.add.outer(np.linspace(0, 1500, rows), np.linspace(0, 1500, columns))
    pixels = (shade + random.normal(500, 120, (rows, columns))).clip(1, 4095).astype(np.uint16)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    dataset = Dataset()
    dataset.file_meta = meta
    dataset.PatientName, dataset.PatientID, dataset.StudyInstanceUID, dataset.SOPInstanceUID = NAMES
    dataset.SeriesInstanceUID = NAMES[2] + ".3"
    dataset.SOPClassUID = meta.MediaStorageSOPClassUID
    dataset.StudyDate, dataset.Modality, dataset.BodyPartExamined = "20240110", "DX", "CHEST"
    dataset.ViewPosition, dataset.BurnedInAnnotation = "PA", "NO"
    dataset.Rows, dataset.Columns = rows, columns
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.SamplesPerPixel, dataset.PixelRepresentation = 1, 0
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.PixelData = pixels.tobytes()
    for keyword, value in changes.items():
        if value is None:
            delattr(dataset, keyword)
        else:
            setattr(dataset, keyword, value)
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()

"""A header without identity: 50 elements of a DX file, and a 2048 x 2048 file read, de-identified and written."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np
from pydicom import Dataset, Sequence
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from benchmarks._table import PEERS, machine, markdown, ratio

TURNS, ROUNDS = 5, 10
_SIDE = 2048
_SCRIPT = Path(__file__).with_name("_contender.py")
_PROGRAMS = ("radloop", "dicom-anonymizer", "dicognito", "deid")
# Whether glibc gives the 8 MB of a file back to the system after each, and asks for them again, is chance, and costs as
# much as reading and writing.
_HEAP = {"MALLOC_TRIM_THRESHOLD_": str(1 << 30), "MALLOC_MMAP_THRESHOLD_": str(1 << 30)}
_ATTRIBUTES: dict[str, object] = {
    "SpecificCharacterSet": "ISO_IR 100",
    "ImageType": ["DERIVED", "PRIMARY"],
    "SOPClassUID": DigitalXRayImageStorageForPresentation,
    "SOPInstanceUID": "1.2.3.4.5",
    "StudyDate": "20230510",
    "SeriesDate": "20230510",
    "AcquisitionDate": "20230510",
    "ContentDate": "20230510",
    "StudyTime": "101500",
    "ContentTime": "101502",
    "AccessionNumber": "QZACC778899",
    "Modality": "DX",
    "PresentationIntentType": "FOR PRESENTATION",
    "Manufacturer": "Philips Medical Systems",
    "InstitutionName": "Qzhospital",
    "InstitutionAddress": "1 Qzstreet, Qztown",
    "ReferringPhysicianName": "QZREFERRER^ANNA",
    "StationName": "QZSTATION",
    "StudyDescription": "XR CHEST PA",
    "SeriesDescription": "Chest PA",
    "OperatorsName": "QZOPERATOR^ANNA",
    "ManufacturerModelName": "DigitalDiagnost",
    "PatientName": "QZFAMILY^QZGIVEN",
    "PatientID": "QZPID12345",
    "PatientBirthDate": "19700101",
    "PatientSex": "F",
    "PatientAge": "053Y",
    "BodyPartExamined": "CHEST",
    "KVP": "125",
    "DeviceSerialNumber": "QZSERIAL1",
    "SoftwareVersions": "4.2.1",
    "ProtocolName": "CHEST PA",
    "ExposureTime": "12",
    "XRayTubeCurrent": "300",
    "ImagerPixelSpacing": ["0.143", "0.143"],
    "DetectorType": "SCINTILLATOR",
    "ExposureIndex": "250",
    "ViewPosition": "PA",
    "StudyInstanceUID": "1.2.3.4",
    "SeriesInstanceUID": "1.2.3.4.1",
    "StudyID": "QZSTUDY77",
    "SeriesNumber": "1",
    "InstanceNumber": "1",
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 12,
    "HighBit": 11,
    "PixelRepresentation": 0,
    "BurnedInAnnotation": "NO",
}


def run() -> str:
    """Milliseconds and ratios of radloop and its peers; each peer is compared with its own read and write."""
    with tempfile.TemporaryDirectory() as folder:
        header, big = Path(folder, "header.dcm"), Path(folder, "big.dcm")
        _radiograph(16).save_as(header, enforce_file_format=True)
        _radiograph(_SIDE).save_as(big, enforce_file_format=True)
        measured: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for _ in range(TURNS):  # by turns, so that what slows the machine slows all of them
            for name in _PROGRAMS if PEERS.exists() else _PROGRAMS[:1]:
                _add(measured[name], _timed(name, header, big))
    rows = [[name, *_row(seconds)] for name, seconds in measured.items()]
    columns = ["", "header, ms", "read + write, ms", "read + de-identify + write, ms", "ratio"]
    return f"{machine()}; processor time, median of {TURNS} turns of {ROUNDS} rounds\n\n{markdown(columns, rows)}"


def _add(seconds: dict[str, list[float]], more: dict[str, list[float]]) -> None:
    for name, taken in more.items():
        seconds[name] += taken


def _row(seconds: dict[str, list[float]]) -> list[object]:
    medians = [1000 * statistics.median(seconds[name]) for name in ("header", "copy", "whole")]
    return [*medians, ratio(seconds["whole"], seconds["copy"])]


def _timed(name: str, header: Path, big: Path) -> dict[str, list[float]]:
    python = sys.executable if name == "radloop" else PEERS
    command = [python, _SCRIPT, name, "time", header, big, str(ROUNDS)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ | _HEAP)
    seconds: dict[str, list[float]] = json.loads(done.stdout)
    return seconds


def _radiograph(side: int) -> FileDataset:
    """A DX file of 54 elements whose native 16-bit pixels are `side` x `side`."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = DigitalXRayImageStorageForPresentation, "1.2.3.4.5"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    for keyword, value in _ATTRIBUTES.items():
        setattr(ds, keyword, value)
    view = Dataset()
    view.CodeValue, view.CodingSchemeDesignator, view.CodeMeaning = "272479007", "SCT", "postero-anterior"
    ds.ViewCodeSequence = Sequence([view])
    ds.Rows = ds.Columns = side
    noise = np.random.default_rng(0).integers(0, 4096, (side, side), dtype=np.uint16)
    ds.add_new("PixelData", "OW", noise.astype("<u2").tobytes())
    return ds

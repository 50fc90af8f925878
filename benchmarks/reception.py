"""Receiving by C-STORE: one sender and eight at once, beside DCMTK's storescp, which does not sync what it keeps."""

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pydicom
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import DigitalXRayImageStorageForPresentation, ExplicitVRLittleEndian

from benchmarks._table import machine, markdown, ratio, side_by_side
from flows._stack import free_port, program

_INSTANCES, _SIDE, _AT_ONCE, _ROUNDS = 40, 2048, 8, 3
_MIB = 1 << 20


def run() -> str:
    """Instances and MiB a second of both receivers, fed by DCMTK's storescu."""
    if shutil.which("storescp") is None:
        return "DCMTK is not installed: run `make system-packages`."
    with tempfile.TemporaryDirectory() as folder:
        files = _instances(Path(folder))
        with _radloop(Path(folder) / "home") as ours, _storescp(Path(folder) / "peer") as theirs:
            rows = []
            for senders in (1, _AT_ONCE):
                times = side_by_side(
                    {"radloop": _feeding(ours, files, senders), "storescp": _feeding(theirs, files, senders)},
                    rounds=_ROUNDS,
                )
                rows.append([senders, *_speeds(times, files), ratio(times["radloop"], times["storescp"])])
    columns = [
        "senders at once",
        "radloop, instances/s",
        "storescp, instances/s",
        "radloop, MiB/s",
        "time, times storescp",
    ]
    return f"{machine()}; {_INSTANCES} instances of {_SIDE}² 16 bit.\n\n{markdown(columns, rows)}"


def _speeds(times: dict[str, list[float]], files: list[Path]) -> list[float]:
    ours, theirs = (min(times[name]) for name in ("radloop", "storescp"))
    mib = sum(file.stat().st_size for file in files) / _MIB
    return [len(files) / ours, len(files) / theirs, mib / ours]


def _feeding(port: int, files: list[Path], senders: int) -> Callable[[], None]:
    def feed() -> None:
        parts = [[str(file) for file in files[number::senders]] for number in range(senders)]
        called = ["storescu", "-aec", "RADLOOP", "127.0.0.1", str(port)]
        running = [subprocess.Popen([*called, *part]) for part in parts]
        if any(process.wait() for process in running):
            raise RuntimeError("a sender was refused")

    return feed


@contextmanager
def _radloop(home: Path) -> Iterator[int]:
    command = [program("radloop"), "listen", "--port", "0", "--json", "--home", str(home)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        yield json.loads(process.stdout.readline())["port"] if process.stdout else 0
    finally:
        _end(process)


@contextmanager
def _storescp(folder: Path) -> Iterator[int]:
    folder.mkdir()
    port = free_port(0)
    command = ["storescp", "--fork", "--output-directory", str(folder), str(port)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)  # it says of each file that it was there before
    try:
        while not _answers(port):
            time.sleep(0.05)
        yield port
    finally:
        _end(process)


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _end(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
    os.kill(process.pid, signal.SIGTERM)
    process.wait()


def _instances(folder: Path) -> list[Path]:
    """Radiographs of noise, each its own instance of its own study."""
    noise = np.random.default_rng(0).integers(0, 4096, (_SIDE, _SIDE), dtype=np.uint16)
    return [_written(folder / f"{number}.dcm", number, np.roll(noise, number)) for number in range(_INSTANCES)]


def _written(path: Path, number: int, pixels: np.ndarray) -> Path:
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID = meta.MediaStorageSOPClassUID = DigitalXRayImageStorageForPresentation
    ds.SOPInstanceUID = meta.MediaStorageSOPInstanceUID = f"1.2.826.0.1.3680043.99.1.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = (
        f"1.2.826.0.1.3680043.99.2.{number}",
        f"1.2.826.0.1.3680043.99.3.{number}",
    )
    ds.PatientID, ds.Modality, ds.PhotometricInterpretation = f"P-{number}", "DX", "MONOCHROME2"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PixelRepresentation = _SIDE, _SIDE, 1, 0
    ds.BitsAllocated, ds.BitsStored, ds.HighBit = 16, 12, 11
    ds.PixelData = pixels.tobytes()
    pydicom.dcmwrite(path, ds, enforce_file_format=True)
    return path

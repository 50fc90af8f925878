"""The listener as a process of its own, and senders that know what they sent."""

import hashlib
import io
import json
import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pydicom
from pydicom import Dataset
from pydicom.uid import DigitalXRayImageStorageForPresentation
from pynetdicom.ae import ApplicationEntity
from pynetdicom.association import Association

from flows._stack import program
from tests.tiny_dicom import tiny_dicom

HOST = "127.0.0.1"
MARKERS = (b"Markername", b"SECRET-ID-4711", b"1.2.826.0.1.3680043.99")


@dataclass
class RunningListener:
    """`radloop listen` with its ports; `process` may be killed."""

    process: subprocess.Popen[str]
    port: int
    mllp_port: int | None
    log: Path

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(timeout=30)


@contextmanager
def running_listener(
    home: Path, *words: str, port: int = 0, prefix: tuple[str, ...] = (), **variables: str
) -> Iterator[RunningListener]:
    """Starts `radloop listen`, on free ports where none is given; ended at the end, by its process id."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RADLOOP_")}
    log = home.parent / f"{home.name}.listener.log"
    command = [*prefix, program("radloop"), "listen", "--port", str(port), "--json", "--home", str(home), *words]
    with log.open("ab") as told:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=told, text=True, env={**clean, **variables})
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, log.read_text()[-2000:]
        where = json.loads(line)
        yield RunningListener(process, where["port"], where["mllp_port"], log)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def instance(number: int, *, study: int = 0, rows: int = 64) -> Dataset:
    """A radiograph with invented identity; every number is another instance with other pixels."""
    content = tiny_dicom(
        rows=rows,
        seed=number,
        SOPInstanceUID=f"1.2.826.0.1.3680043.99.7.{study}.{number}",
        StudyInstanceUID=f"1.2.826.0.1.3680043.99.8.{study}",
    )
    return pydicom.dcmread(io.BytesIO(content))


def connect(
    port: int,
    *,
    aet: str = "SENDER",
    called: str = "RADLOOP",
    contexts: tuple[str, ...] = (),
    patience: float = 30,
) -> Association:
    """An association that may be refused: ask its `is_established`."""
    ae = ApplicationEntity(aet)
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = patience
    for context in contexts or (DigitalXRayImageStorageForPresentation,):
        ae.add_requested_context(context)
    return ae.associate(HOST, port, ae_title=called)


def store(association: Association, ds: Dataset) -> int | None:
    """The status of a C-STORE; None where no answer came."""
    try:
        answer = association.send_c_store(ds)
    except RuntimeError:  # the association has ended
        return None
    return int(answer.Status) if "Status" in answer else None


def send_all(port: int, datasets: list[Dataset], *, at_once: int, patience: float = 30) -> dict[str, int | None]:
    """Sends from `at_once` associations at the same time; the status of each instance by its UID."""
    statuses: dict[str, int | None] = {}
    ready = threading.Barrier(at_once)

    def sender(part: list[Dataset]) -> None:
        association = connect(port, patience=patience)
        ready.wait(timeout=60)
        for ds in part:
            statuses[ds.SOPInstanceUID] = store(association, ds) if association.is_established else None
        if association.is_established:
            association.release()

    threads = [threading.Thread(target=sender, args=(datasets[number::at_once],)) for number in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


def fingerprint(ds: Dataset) -> str:
    """A hash of the data set as it is encoded: pixels and every element."""
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, ds, implicit_vr=False, little_endian=True)
    return hashlib.sha256(buffer.getvalue().split(b"DICM", 1)[-1]).hexdigest()


def received(*folders: Path) -> dict[str, str]:
    """Fingerprints of what lies below the folders by SOP Instance UID, half-written files left out."""
    files = [file for folder in folders for file in folder.rglob("*.dcm")]
    found = [pydicom.dcmread(file) for file in files]
    return {str(ds.SOPInstanceUID): fingerprint(_without_meta(ds)) for ds in found}


def sent(datasets: list[Dataset]) -> dict[str, str]:
    """Fingerprints of what was sent, by SOP Instance UID."""
    return {str(ds.SOPInstanceUID): fingerprint(_without_meta(ds)) for ds in datasets}


def _without_meta(ds: Dataset) -> Dataset:
    plain = Dataset()
    plain.update({tag: ds[tag] for tag in ds.keys()})
    return plain

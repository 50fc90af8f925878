"""Holds the C-STORE receiver: many senders at once lose nothing, strangers are refused, answers are true."""

import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.uid import (
    MPEG4HP41,
    UID,
    BasicTextSRStorage,
    ComputedRadiographyImageStorage,
    CTImageStorage,
    DigitalXRayImageStorageForPresentation,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)
from pynetdicom.ae import ApplicationEntity

from tests.components.reception.listener import (
    MARKERS,
    RunningListener,
    connect,
    instance,
    received,
    running_listener,
    send_all,
    sent,
    store,
)

pytestmark = pytest.mark.server
_SUCCESS, _FULL, _MISMATCH, _NOT_UNDERSTOOD = 0x0000, 0xA700, 0xA900, 0xC000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def listener(home: Path) -> Iterator[RunningListener]:
    with running_listener(home) as running:
        yield running


def test_eight_associations_at_once_lose_nothing(listener: RunningListener, home: Path) -> None:
    datasets = [instance(number, study=number % 5) for number in range(160)]
    statuses = send_all(listener.port, datasets, at_once=8)
    assert set(statuses.values()) == {_SUCCESS}
    assert received(home / "arriving") == sent(datasets)
    names = " ".join(str(path) for path in home.rglob("*")).encode()
    assert not any(marker in names for marker in MARKERS), "a file name tells an identifier"
    for path in (home / "arriving").rglob("*"):
        assert not path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO), "others may read what names patients"
    listener.process.terminate()
    listener.process.wait(timeout=30)
    log = listener.log.read_bytes()
    assert not any(word in log for word in (*MARKERS, b"WARNING", b"ERROR")), log.decode()


def test_the_same_instance_twice_is_one_file(listener: RunningListener, home: Path) -> None:
    association = connect(listener.port)
    assert [store(association, instance(1)) for _ in range(3)] == [_SUCCESS] * 3
    association.release()
    assert len(received(home / "arriving")) == 1


def test_what_does_not_fit_is_refused_with_its_status(home: Path) -> None:
    with running_listener(home, RADLOOP_RECEPTION__MAX_INSTANCE_MB="1") as listener:
        association = connect(listener.port)
        nameless, other = instance(1), instance(2)
        del nameless.StudyInstanceUID
        other.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
        assert store(association, nameless) == _NOT_UNDERSTOOD
        assert store(association, instance(3, rows=8000)) == _NOT_UNDERSTOOD  # 1.2 MiB
        assert store(association, instance(4)) == _SUCCESS, "the association goes on"
        association.release()
    assert set(received(home / "arriving")) == set(sent([instance(4)]))
    assert not [file for file in (home / "arriving").rglob("*") if ".partial" in str(file)], (
        "nothing half-written stays"
    )


def test_unknown_ae_titles_are_refused_when_told_to(home: Path) -> None:
    with running_listener(home, "--from", "CR1", "--from", "CR2", RADLOOP_RECEPTION__REQUIRE_AET="true") as listener:
        for aet, called in (("CR1", "RADLOOP"), ("CR2", "RADLOOP")):
            welcome = connect(listener.port, aet=aet, called=called)
            assert store(welcome, instance(1)) == _SUCCESS
            welcome.release()
        for aet, called in (("STRANGER", "RADLOOP"), ("CR1", "OTHER"), ("cr1", "RADLOOP")):
            assert connect(listener.port, aet=aet, called=called).is_rejected


def test_a_full_disk_is_told_and_what_was_acknowledged_is_there(tmp_path: Path) -> None:
    home = tmp_path / "disk" / "home"
    home.parent.mkdir()
    mount = f"mount -t tmpfs -o size=1m tmpfs {home.parent}"
    alone = ("unshare", "--map-root-user", "--mount", "sh", "-c")
    if shutil.which("unshare") is None or subprocess.run([*alone, mount], capture_output=True, check=False).returncode:
        pytest.skip("this system does not allow a mount namespace (unshare --mount)")
    with running_listener(home, prefix=(*alone, f'{mount} && exec "$0" "$@"')) as listener:
        datasets = [instance(number, rows=600) for number in range(16)]
        statuses = send_all(listener.port, datasets, at_once=2)
        assert set(statuses.values()) == {_SUCCESS, _FULL}
        inside = Path(f"/proc/{listener.process.pid}/root") / home.relative_to("/")
        acknowledged = [ds for ds in datasets if statuses[ds.SOPInstanceUID] == _SUCCESS]
        assert received(inside / "arriving") == sent(acknowledged)


@pytest.mark.parametrize(
    ("sop_class", "syntax", "taken"),
    [
        (ComputedRadiographyImageStorage, RLELossless, True),
        (DigitalXRayImageStorageForPresentation, JPEG2000Lossless, True),
        (DigitalXRayImageStorageForPresentation, JPEGLSLossless, True),
        (SecondaryCaptureImageStorage, ExplicitVRBigEndian, True),
        (BasicTextSRStorage, ImplicitVRLittleEndian, True),
        (BasicTextSRStorage, RLELossless, False),
        (DigitalXRayImageStorageForPresentation, MPEG4HP41, False),
        (CTImageStorage, ImplicitVRLittleEndian, False),
    ],
)
def test_what_can_be_read_is_taken(shared: RunningListener, sop_class: UID, syntax: UID, taken: bool) -> None:
    ae = ApplicationEntity("SENDER")
    ae.add_requested_context(sop_class, syntax)
    association = ae.associate("127.0.0.1", shared.port)
    assert bool(association.accepted_contexts) is taken
    association.release() if association.is_established else association.abort()


def test_a_compressed_instance_is_kept_as_it_was_sent(shared: RunningListener, shared_home: Path) -> None:
    ds = instance(77)
    ds.compress(RLELossless, generate_instance_uid=False)
    ae = ApplicationEntity("SENDER")
    ae.add_requested_context(ds.SOPClassUID, RLELossless)
    association = ae.associate("127.0.0.1", shared.port)
    assert store(association, ds) == _SUCCESS
    association.release()
    (file,) = shared_home.rglob("*.dcm")
    kept = pydicom.dcmread(file)
    assert (kept.file_meta.TransferSyntaxUID, kept.PixelData) == (RLELossless, ds.PixelData)


@pytest.fixture(scope="module")
def shared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared") / "home"


@pytest.fixture(scope="module")
def shared(shared_home: Path) -> Iterator[RunningListener]:
    with running_listener(shared_home) as running:
        yield running


def test_dcmtk_is_served(listener: RunningListener, home: Path, tmp_path: Path) -> None:
    if shutil.which("storescu") is None:
        pytest.skip("DCMTK is not installed: run `make system-packages`")
    files = [tmp_path / f"{number}.dcm" for number in range(3)]
    for number, file in enumerate(files):
        instance(number).save_as(file, enforce_file_format=True)
    called = ["-aet", "SENDER", "-aec", "RADLOOP", "127.0.0.1", str(listener.port)]
    subprocess.run(["echoscu", *called], check=True, capture_output=True, timeout=60)
    subprocess.run(["storescu", *called, *map(str, files)], check=True, capture_output=True, timeout=60)
    assert received(home / "arriving") == sent([instance(number) for number in range(3)])

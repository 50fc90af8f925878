"""Holds fetching from a real archive (Orthanc): by date, modality and description, over DICOM and over DICOMweb."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pydicom.uid import CTImageStorage, DigitalXRayImageStorageForPresentation

from components.errors import ConfigurationError, ServerError
from components.reception import Fetched, StudyQuery, fetch
from components.settings import Settings, load_settings
from tests.components.reception.listener import received, running_listener
from tests.servers import OrthancServer, free_port, orthanc_server
from tests.tiny_dicom import tiny_dicom

pytestmark = pytest.mark.server

_DAY, _NEXT_DAY = date(2024, 1, 10), date(2024, 1, 11)
_ROOT = "1.2.826.0.1.3680043.99.5"
# study: date, description, modality of each image
_STUDIES = {
    1: ("20240110", "Thorax: PNEUMONIA?", ("DX", "DX")),
    2: ("20240110", "Chest, pleural effusions", ("CR",)),
    3: ("20240111", "Thorax normal", ("DX", "CT")),
    4: ("20240111", "Abnormal abdomen", ("DX",)),
    5: ("20240112", "pneumonia", ("DX",)),
}
_WANTED = {f"{_ROOT}.{study}.{image}" for study, image in ((1, 0), (1, 1), (2, 0), (3, 0))}


@pytest.fixture(scope="module")
def our_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, our_port: int) -> Iterator[OrthancServer]:
    with orthanc_server(tmp_path_factory.mktemp("orthanc"), our_aet="RADLOOP", our_port=our_port) as server:
        for study, (day, description, modalities) in _STUDIES.items():
            for image, modality in enumerate(modalities):
                server.add(
                    tiny_dicom(
                        seed=10 * study + image,
                        StudyDate=day,
                        StudyDescription=description,
                        Modality=modality,
                        PatientID=f"P-{study}",
                        StudyInstanceUID=f"{_ROOT}.{study}",
                        SeriesInstanceUID=f"{_ROOT}.{study}.9{image}",
                        SOPInstanceUID=f"{_ROOT}.{study}.{image}",
                    )
                )
        yield server


def test_what_is_wanted_comes_once_over_either_way(
    archive: OrthancServer, our_port: int, tmp_path: Path, way: str
) -> None:
    settings = _settings(way, archive, our_port, tmp_path)
    assert _fetched(settings) == Fetched(studies=3, new_studies=3, instances=4)
    assert set(received(settings.inbox)) == _WANTED
    assert not list(settings.arriving.glob("[!.]*"))
    assert not [path for path in settings.home.rglob("*") if _ROOT in str(path)], "a file name tells a UID"
    for file in settings.inbox.rglob("*.dcm"):
        file.unlink()  # as ingest does
    assert _fetched(settings) == Fetched(studies=3, known_instances=4)
    assert not received(settings.inbox)


def test_a_stopped_fetch_goes_on(archive: OrthancServer, our_port: int, tmp_path: Path, way: str) -> None:
    settings = _settings(way, archive, our_port, tmp_path)
    first = StudyQuery(first=_DAY, last=_DAY, modalities=("CR",), descriptors=())
    assert fetch(settings, first, _ignored).instances == 1
    assert _fetched(settings) == Fetched(studies=3, new_studies=2, instances=3, known_instances=1)
    assert set(received(settings.inbox)) == _WANTED


@pytest.fixture(params=["dicom", "dicomweb"])
def way(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_one_missing_image_of_a_series_is_all_that_is_moved(
    archive: OrthancServer, our_port: int, tmp_path: Path
) -> None:
    for image in (7, 8):
        archive.add(_of_one_series(image))
    settings = _settings("dicom", archive, our_port, tmp_path)
    query = StudyQuery(first=date(2023, 5, 1), last=date(2023, 5, 1), modalities=("DX",), descriptors=("mass",))
    assert fetch(settings, query, _ignored).instances == 2
    archive.add(_of_one_series(9))
    assert fetch(settings, query, _ignored) == Fetched(studies=1, new_studies=1, instances=1, known_instances=2)
    assert len(list(settings.inbox.rglob("*.dcm"))) == 3
    assert len(list(settings.inbox.iterdir())) == 2, "what comes late is a second folder"


def test_the_running_listener_receives_what_is_fetched(archive: OrthancServer, our_port: int, tmp_path: Path) -> None:
    settings = _settings("dicom", archive, our_port, tmp_path)
    with running_listener(settings.home, port=our_port):
        assert _fetched(settings).instances == 4
    assert set(received(settings.inbox)) == _WANTED


@pytest.mark.parametrize(
    ("changes", "advice"),
    [
        ({"url": "{url}/dicom-web", "user": "reader", "password": "wrong"}, "HTTP 401"),
        ({"url": "{url}/nowhere", "user": "reader", "password": "invented"}, "HTTP 404"),
        ({"url": "http://127.0.0.1:9"}, "check 'archive.url'"),
        ({"aet": "ORTHANC", "port": 9}, "check 'archive.host'"),
        ({}, "No archive is set"),
    ],
)
def test_errors_say_what_to_do(archive: OrthancServer, tmp_path: Path, changes: dict[str, Any], advice: str) -> None:
    filled = {name: str(value).format(url=archive.url) for name, value in changes.items()}
    settings = load_settings(tmp_path, reception={"port": free_port()}, archive=filled)
    with pytest.raises((ServerError, ConfigurationError), match=f"(?i){advice}"):
        _fetched(settings)


def test_a_study_that_fails_does_not_keep_the_others_away(
    archive: OrthancServer, our_port: int, tmp_path: Path
) -> None:
    for study in (1, 2, 3):  # the second is announced as a radiograph, and is none: our receiver refuses it
        archive.add(
            tiny_dicom(
                StudyDate="20220601",
                StudyInstanceUID=f"{_ROOT}.7{study}",
                SeriesInstanceUID=f"{_ROOT}.7{study}.9",
                SOPInstanceUID=f"{_ROOT}.7{study}.0",
                SOPClassUID=CTImageStorage if study == 2 else DigitalXRayImageStorageForPresentation,
            )
        )
    day = date(2022, 6, 1)
    query = StudyQuery(first=day, last=day, modalities=("DX",), descriptors=())
    fetched = fetch(_settings("dicom", archive, our_port, tmp_path), query, _ignored)
    assert (fetched.studies, fetched.new_studies, fetched.failed_studies, fetched.instances) == (3, 2, 1, 2)


def test_an_archive_that_sends_elsewhere_is_told(archive: OrthancServer, tmp_path: Path) -> None:
    settings = _settings("dicom", archive, free_port(), tmp_path)  # the archive has another port for our AE title
    one_day = StudyQuery(first=_NEXT_DAY, last=_NEXT_DAY, modalities=("DX",), descriptors=("normal",))
    with pytest.raises(ServerError, match=r"could not send .*reception\.port"):
        fetch(settings, one_day, _ignored)


def test_an_archive_that_does_not_know_us_says_so(archive: OrthancServer, tmp_path: Path) -> None:
    reception = {"port": free_port(), "aet": "STRANGER"}
    settings = load_settings(tmp_path, reception=reception, archive={"aet": "ORTHANC", "port": archive.port})
    with pytest.raises(ServerError, match="AE title STRANGER"):
        _fetched(settings)


@pytest.mark.parametrize(
    ("description", "wanted"),
    [
        ("CHEST PA: Pneumonia", True),
        ("pleural_effusion follow-up", True),
        ("multiple nodules", True),
        ("opacities", True),
        ("masses", True),
        ("abnormal", False),
        ("massive bleeding", False),
        ("", False),
    ],
)
def test_descriptors_are_words_of_their_own(description: str, wanted: bool) -> None:
    query = StudyQuery(first=_DAY, last=_DAY, modalities=(), descriptors=load_settings().archive.descriptors)
    assert query.describes(description) is wanted


def _fetched(settings: Settings) -> Fetched:
    archive = settings.archive
    query = StudyQuery(first=_DAY, last=_NEXT_DAY, modalities=archive.modalities, descriptors=archive.descriptors)
    return fetch(settings, query, _ignored)


def _settings(way: str, archive: OrthancServer, our_port: int, home: Path) -> Settings:
    if way == "dicom":
        where: dict[str, Any] = {"aet": archive.aet, "port": archive.port}
    else:
        where = {"url": f"{archive.url}/dicom-web", "user": archive.user, "password": archive.password}
    return load_settings(home / "home", archive=where, reception={"port": our_port})


def _of_one_series(image: int) -> bytes:
    names = {"StudyInstanceUID": f"{_ROOT}.6", "SeriesInstanceUID": f"{_ROOT}.6.9", "PatientID": "P-6"}
    return tiny_dicom(
        seed=image, StudyDate="20230501", StudyDescription="mass", SOPInstanceUID=f"{_ROOT}.6.{image}", **names
    )


def _ignored(_done: int, _total: int) -> None:
    pass

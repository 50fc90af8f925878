"""The real BentoML service over a real MLflow registry: answers, refusals, hot swap, and no identifier anywhere."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from servers import free_port
from tiny_dicom import NAMES, tiny_dicom

from components.findings import FINDINGS
from components.promotion import Alias, Registry
from components.serving import load_bundle, serve_command, service_token, service_url, wait_serving
from components.settings import Settings, load_settings

MakeBundle = Callable[..., Path]
pytestmark = [
    pytest.mark.server,
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # MLflow's own
]


@dataclass
class Service:
    """A running service, its registry and what it has written."""

    settings: Settings
    registry: Registry
    bundles: dict[str, Path]
    client: httpx.Client
    log: Path

    def predict(self, file: bytes, **request: object) -> httpx.Response:
        headers = {"Content-Type": "application/dicom"}
        return self.client.post("/predict", content=file, headers=headers, **request)  # type: ignore[arg-type]

    def version(self) -> dict[str, str | None]:
        return dict(self.client.get("/version").json())

    def until(self, holds: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < deadline
            time.sleep(0.1)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, make_bundle: MakeBundle) -> Iterator[Service]:
    home = tmp_path_factory.mktemp("home")
    serving = {"port": free_port(), "poll_s": 0.3, "max_upload_mb": 2}
    settings = load_settings(home, serving=serving)
    registry = Registry(settings.tracking, artifacts=home / "mlflow", site=settings.site)
    run = registry.log_training("test", params={}, epochs=[], tags={}, snapshot_hash="5" * 64)
    made = [make_bundle(seed) for seed in (1, 2)]
    bundles = {registry.register(bundle, run): bundle for bundle in made}
    registry.point({Alias.CHAMPION: "1"})
    command, environment = serve_command(settings)
    log = home / "service.log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, cwd=home)
    token = service_token(settings).get_secret_value()
    try:
        wait_serving(settings, timeout=300)
        with httpx.Client(
            base_url=service_url(settings),
            headers={"Authorization": f"Bearer {token}"},
            trust_env=False,
            timeout=60,
        ) as client:
            yield Service(settings, registry, bundles, client, log)
    finally:
        process.terminate()
        assert process.wait(timeout=30) in (0, -signal.SIGTERM)


def test_a_radiograph_gets_the_probabilities_of_the_champion(service: Service) -> None:
    file = tiny_dicom(seed=5)
    answer = service.predict(file)
    assert answer.status_code == 200
    said = answer.json()
    version = said["model_version"]
    expected = load_bundle(service.bundles[version], version).answer([file])
    assert list(said["findings"]) == [finding.value for finding in FINDINGS]
    for finding in FINDINGS:
        assert said["findings"][finding]["probability"] == pytest.approx(
            expected.findings[finding].probability, abs=1e-5
        )
    assert (said["view"], said["snapshot"], said["warnings"]) == ("PA", "5" * 64, [])
    assert said["overlay"]["image"].startswith("data:image/png;base64,")


def test_a_form_is_answered_as_the_bare_file_is(service: Service) -> None:
    file = tiny_dicom()
    form = service.client.post("/predict?finding=edema", files={"file": (f"{NAMES[0]}.dcm", file)})
    assert form.status_code == 200
    assert form.json()["overlay"]["finding"] == "edema"
    assert form.json()["findings"] == service.predict(file).json()["findings"]


@pytest.mark.parametrize(
    ("file", "status", "word"),
    [
        (b"not DICOM at all, only some text", 415, "DICOM"),
        (b"", 400, "no file"),
        (tiny_dicom(Modality="CT", SOPClassUID="1.2.840.10008.5.1.4.1.1.2"), 422, "radiographs"),
        (tiny_dicom(PixelData=None), 422, "no pixel data"),
        (tiny_dicom()[:-4000], 422, "ends"),
        (tiny_dicom(rows=2000, columns=1000), 413, "2 MiB"),
        (tiny_dicom(BodyPartExamined="KNEE"), 422, "body part"),
        (tiny_dicom(ViewPosition="LL"), 422, "lateral"),
        (b"http://127.0.0.1/somewhere", 415, "DICOM"),
    ],
)
def test_a_bad_file_is_one_clear_sentence(service: Service, file: bytes, status: int, word: str) -> None:
    answer = service.predict(file)
    assert answer.status_code == status
    assert set(answer.json()) == {"error"}
    assert word in answer.json()["error"]


def test_an_unknown_finding_is_named_wrong(service: Service) -> None:
    answer = service.predict(tiny_dicom(), params={"finding": "measles"})
    assert answer.status_code == 400
    assert "edema" in answer.json()["error"]


def test_only_probes_answer_without_the_token(service: Service) -> None:
    with httpx.Client(base_url=service_url(service.settings), trust_env=False) as stranger:
        assert stranger.get("/health").json() == {"ready": True, "problem": None}
        assert stranger.get("/livez").status_code == stranger.get("/readyz").status_code == 200
        for path in ("/version", "/metrics", "/docs.json", "/schema.json", "/"):
            assert stranger.get(path).status_code == 401
        assert stranger.post("/predict", content=tiny_dicom()).status_code == 401
    assert service.client.get("/metrics").status_code == 404


def test_the_service_follows_the_champion(service: Service) -> None:
    file = tiny_dicom()
    assert service.version()["model_version"] == "1"
    before = service.predict(file).json()
    service.registry.point({Alias.CHAMPION: "2"})
    service.until(lambda: service.version()["model_version"] == "2")
    after = service.predict(file).json()
    assert after["model_version"] == "2"
    assert after["findings"] != before["findings"]
    service.registry.point({Alias.CHAMPION: "1"})
    service.until(lambda: service.version()["model_version"] == "1")
    assert service.predict(file).json()["findings"] == before["findings"]


def test_nothing_that_the_service_writes_holds_an_identifier(service: Service) -> None:
    file = tiny_dicom()
    for sent in (file, file[:-4000], b"DICM" + file):
        for header in ("application/dicom", f"text/{NAMES[0]}"):
            service.client.post(f"/predict?finding={NAMES[0]}", content=sent, headers={"Content-Type": header})
            answer = service.client.post("/predict", content=sent, headers={"Content-Type": header, "X-Name": NAMES[0]})
            assert not any(name in answer.text for name in NAMES)
    service.client.get(f"/{NAMES[0]}")
    written = b"".join(path.read_bytes() for path in service.settings.home.rglob("*") if path.is_file())
    assert not any(name.encode() in written for name in NAMES)
    assert b"Traceback" not in service.log.read_bytes()

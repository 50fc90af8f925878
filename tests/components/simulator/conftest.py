"""One small invented hospital a site, written once and read by all tests of the simulator."""

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest

from components.simulator import HospitalSummary, Site, write_hospital

STUDIES = 90
SIZE = 64


@pytest.fixture(scope="session")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the local hospital."""
    out = tmp_path_factory.mktemp("local")
    write_hospital(out, studies=STUDIES, seed=5, site=Site.LOCAL, size=SIZE)
    return out


@pytest.fixture(scope="session")
def other_hospital(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the published hospital, of the same seed."""
    out = tmp_path_factory.mktemp("published")
    write_hospital(out, studies=STUDIES, seed=5, site=Site.PUBLISHED, size=SIZE)
    return out


@pytest.fixture(scope="session")
def datasets(hospital: Path, other_hospital: Path) -> list[pydicom.FileDataset]:
    """Every DICOM file of both hospitals."""
    return [pydicom.dcmread(path) for out in (hospital, other_hospital) for path in sorted(out.rglob("*.dcm"))]


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., tuple[Path, HospitalSummary]]:
    """Writes a hospital of three studies under a name; keywords override."""

    def written(name: str, **overrides: object) -> tuple[Path, HospitalSummary]:
        options = {"studies": 3, "seed": 1, "site": Site.LOCAL, "size": SIZE, **overrides}
        return tmp_path / name, write_hospital(tmp_path / name, **options)  # type: ignore[arg-type]

    return written

"""Fixtures that tests of several rooms share."""

import os
from pathlib import Path

import pytest

from components.settings import go_offline

go_offline()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The demo's tests first: they take longest, and another process does the rest meanwhile."""
    items.sort(key=lambda item: "demo" not in getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real radiographs, reports and scores; the test is skipped where it is missing."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("RADLOOP_SHARED_DATA", beside))
    if not (folder / "studies.csv").is_file():
        pytest.skip("needs the real data: set RADLOOP_SHARED_DATA or place them in ../shared/data")
    return folder
